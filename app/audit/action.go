package audit

import "slices"

// Action is what was done. A new one is a constant, and a line in words; which
// details it has is said beside it.
type Action string

const (
	AccountCreated      Action = "account_created" // by the actor, or by a command
	SignedIn            Action = "signed_in"
	SignInFailed        Action = "sign_in_failed"  // the subject is nobody where nobody has the address
	SignInLimited       Action = "sign_in_limited" // once for each limit that was reached: for how long
	SignInRefused       Action = "sign_in_refused" // with the right password: why
	Reauthenticated     Action = "reauthenticated"
	SignedOut           Action = "signed_out"
	DeviceSignedOut     Action = "device_signed_out" // which
	OthersSignedOut     Action = "others_signed_out" // how many devices
	UserSignedOut       Action = "user_signed_out"   // how many devices
	EverybodySignedOut  Action = "everybody_signed_out"
	PasswordChanged     Action = "password_changed"
	ResetSent           Action = "reset_sent" // by an administrator
	NameChanged         Action = "name_changed"
	AddressChanged      Action = "address_changed"
	AddressRestored     Action = "address_restored"     // by the way back
	RoleChanged         Action = "role_changed"         // the new role
	InvitationSent      Action = "invitation_sent"      // the role; to whom isn't kept
	InvitationWithdrawn Action = "invitation_withdrawn" // the role
	MailRetried         Action = "mail_retried"         // how much
	AccountDisabled     Action = "account_disabled"
	AccountEnabled      Action = "account_enabled"
	AccountDeleted      Action = "account_deleted"
	DataDownloaded      Action = "data_downloaded"    // of the account
	AuditLogExported    Action = "audit_log_exported" // what was asked for
)

// words are what people read, in the order in which they choose from them.
var words = []struct {
	action Action
	text   string
}{
	{SignedIn, "Signed in"},
	{SignInFailed, "Wrong password"},
	{SignInLimited, "Too many wrong passwords"},
	{SignInRefused, "Sign-in refused"},
	{Reauthenticated, "Password given again"},
	{SignedOut, "Signed out"},
	{DeviceSignedOut, "Signed out on one device"},
	{OthersSignedOut, "Signed out on all other devices"},
	{UserSignedOut, "Signed out everywhere"},
	{EverybodySignedOut, "Everybody signed out"},
	{PasswordChanged, "Password changed"},
	{ResetSent, "Link for a new password sent"},
	{NameChanged, "Name changed"},
	{AddressChanged, "E-mail address changed"},
	{AddressRestored, "E-mail address changed back"},
	{RoleChanged, "Role changed"},
	{AccountCreated, "Account created"},
	{InvitationSent, "Invitation sent"},
	{InvitationWithdrawn, "Invitation withdrawn"},
	{MailRetried, "Mail tried again"},
	{AccountDisabled, "Account disabled"},
	{AccountEnabled, "Account enabled"},
	{AccountDeleted, "Account deleted"},
	{DataDownloaded, "Data of the account downloaded"},
	{AuditLogExported, "Audit log exported"},
}

// Actions lists all actions.
func Actions() []Action {
	var list []Action
	for _, w := range words {
		list = append(list, w.action)
	}
	return list
}

// Words says what was done. An action that another version of the program has
// recorded stands for itself.
func (a Action) Words() string {
	for _, w := range words {
		if w.action == a {
			return w.text
		}
	}
	return string(a)
}

// Failed reports whether somebody has tried to sign in and could not.
func (a Action) Failed() bool {
	return slices.Contains([]Action{SignInFailed, SignInLimited, SignInRefused}, a)
}
