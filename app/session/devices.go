package session

import (
	"bytes"
	"fmt"
	"regexp"
	"time"

	"github.com/mileusna/useragent"

	"github.com/managethefans/portal/app/audit"
	"github.com/managethefans/portal/db"
)

// Device is one sign-in of a person, as it is shown to them.
type Device struct {
	ID              int64
	Name, Address   string
	Since, LastSeen time.Time
	Here            bool // the one of this request
}

// Devices returns where the person is signed in, the one last seen first.
func (s *Session) Devices() ([]Device, error) {
	user, err := s.User()
	if user == nil || err != nil {
		return nil, err
	}
	return s.DevicesOf(user.ID)
}

// DevicesOf returns where a person is signed in.
func (s *Session) DevicesOf(userID int64) ([]Device, error) {
	now := s.manager.now()
	rows, err := s.manager.db.ListUserSessions(s.context(), db.ListUserSessionsParams{
		UserID: userID, Now: now, SeenSince: now.Add(-s.manager.idle), BegunSince: now.Add(-s.manager.absolute),
	})
	if err != nil {
		return nil, fmt.Errorf("list sign-ins: %w", err)
	}
	devices := make([]Device, len(rows))
	for i, row := range rows {
		devices[i] = Device{
			ID: row.ID, Name: DeviceName(row.Device), Address: row.Address,
			Since: row.CreatedAt, LastSeen: row.LastSeenAt, Here: s.carries(row.TokenHash),
		}
	}
	return devices, nil
}

// CountOf returns on how many devices a person is signed in.
func (s *Session) CountOf(userID int64) (int64, error) {
	now := s.manager.now()
	return s.manager.db.CountUserSessions(s.context(), db.CountUserSessionsParams{
		UserID: userID, Now: now, SeenSince: now.Add(-s.manager.idle), BegunSince: now.Add(-s.manager.absolute),
	})
}

// EndDevice ends one sign-in of the person who is signed in, and reports whether
// it was the one of this request, which is then signed out. It returns
// sql.ErrNoRows for a sign-in that is somebody else's or has ended.
func (s *Session) EndDevice(id int64) (here bool, err error) {
	user, err := s.User()
	if user == nil || err != nil {
		return false, err
	}
	err = s.manager.db.InTx(s.context(), func(q *db.Queries) error {
		row, err := q.DeleteOwnUserSession(s.context(), db.DeleteOwnUserSessionParams{ID: id, UserID: user.ID})
		if err != nil {
			return err
		}
		here = s.carries(row.TokenHash)
		return audit.Record(s.context(), q, s.Event(audit.DeviceSignedOut, user.ID, DeviceName(row.Device)))
	})
	if err != nil {
		return false, fmt.Errorf("end sign-in %d: %w", id, err)
	}
	if here {
		s.leave()
	}
	return here, nil
}

// EndOthers ends every other sign-in of the person who is signed in, and
// returns how many there were.
func (s *Session) EndOthers() (int64, error) {
	user, err := s.User()
	if user == nil || err != nil {
		return 0, err
	}
	return s.endAllOf(user.ID, audit.OthersSignedOut)
}

// EndAllOf ends every sign-in of a person but the one of this request, if it is
// theirs, and returns how many there were.
func (s *Session) EndAllOf(userID int64) (int64, error) {
	return s.endAllOf(userID, audit.UserSignedOut)
}

func (s *Session) endAllOf(userID int64, action audit.Action) (n int64, err error) {
	if s.load(); s.err != nil {
		return 0, s.err
	}
	err = s.manager.db.InTx(s.context(), func(q *db.Queries) (err error) {
		n, err = q.DeleteOtherUserSessions(s.context(), db.DeleteOtherUserSessionsParams{
			UserID: userID, TokenHash: hashToken(s.data.Token),
		})
		if err != nil || n == 0 {
			return err
		}
		return audit.Record(s.context(), q, s.Event(action, userID, DeviceCount(n)))
	})
	if err != nil {
		return 0, fmt.Errorf("end the sign-ins of user %d: %w", userID, err)
	}
	return n, nil
}

// EndEverybodys ends every sign-in of everybody but the one of this request, and
// returns how many there were.
func (s *Session) EndEverybodys() (n int64, err error) {
	if s.load(); s.err != nil {
		return 0, s.err
	}
	err = s.manager.db.InTx(s.context(), func(q *db.Queries) (err error) {
		if n, err = q.DeleteEveryOtherUserSession(s.context(), hashToken(s.data.Token)); err != nil || n == 0 {
			return err
		}
		return audit.Record(s.context(), q, s.Event(audit.EverybodySignedOut, 0, DeviceCount(n)))
	})
	if err != nil {
		return 0, fmt.Errorf("end everybody's sign-ins: %w", err)
	}
	return n, nil
}

func (s *Session) carries(tokenHash []byte) bool {
	return bytes.Equal(tokenHash, hashToken(s.data.Token))
}

// DeviceCount says on how many devices, in words.
func DeviceCount(n int64) string {
	if n == 1 {
		return "1 device"
	}
	return fmt.Sprintf("%d devices", n)
}

// plainName is what the name of a browser may look like. What a browser says of
// itself may be anything, and is shown on pages and in terminals.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 .-]{0,39}$`)

// DeviceName says in words what a User-Agent header stands for, such as "Firefox
// on Linux".
func DeviceName(agent string) string {
	ua := useragent.Parse(agent)
	named := plainName.MatchString(ua.Name)
	switch {
	case named && ua.OS != "":
		return ua.Name + " on " + ua.OS
	case named:
		return ua.Name
	case ua.OS != "":
		return "Unknown browser on " + ua.OS
	}
	return "Unknown device"
}
