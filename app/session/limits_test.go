package session

import (
	"testing"
	"time"

	"github.com/managethefans/portal/db"
)

// TestLimitsThatWereLoweredHoldForListsToo is a sign-in that ends by a setting
// that came after it: its row still says that it is good.
func TestLimitsThatWereLoweredHoldForListsToo(t *testing.T) {
	for name, lower := range map[string]func(*Options){
		"idle":     func(o *Options) { o.Idle = time.Hour },
		"absolute": func(o *Options) { o.Absolute = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *site) {
				old := s.signedIn(s.ada)
				before := s.manager.now
				o := s.options
				lower(&o)
				s.restart(o)
				s.manager.now = func() time.Time { return before().Add(2 * time.Hour) }
				v := s.signedIn(s.ada)
				var devices []Device
				var n int64
				s.do("/devices", func(session *Session) (err error) {
					if devices, err = session.Devices(); err == nil {
						n, err = session.CountOf(s.ada)
					}
					return err
				})
				v.do("/devices")
				if len(devices) != 1 || !devices[0].Here || n != 1 {
					t.Errorf("%d devices: %+v", n, devices)
				}
				old.want("/who", "nobody")

				now := s.manager.now()
				params := db.CountUserSessionsOfOtherKeysParams{KeyID: "another", Now: now, SeenSince: now.Add(-o.Idle), BegunSince: now.Add(-o.Absolute)}
				if n, err := o.DB.CountUserSessionsOfOtherKeys(t.Context(), params); n != 1 || err != nil {
					t.Errorf("%d hang on another key, %v", n, err)
				}
			})
		})
	}
}
