package web

import (
	"errors"
	"net/http"
)

// addRoutes is the map of the portal: the middleware in the order in which a
// request passes it, then every route with who may use it.
func (s *Server) addRoutes() error {
	s.echo.Use(
		s.requestID,
		s.logRequest,
		s.recoverPanic,
		s.sessions.Middleware, // loads nothing by itself; error pages ask it who is signed in
		s.securityHeaders,
		s.limitBody,
		s.refuseCrossOrigin,
	)

	err := errors.Join(
		s.handle(http.MethodGet, "/", public, s.showHome),

		s.handle(http.MethodGet, "/register", public, s.newRegistration),
		s.handle(http.MethodPost, "/register", public, s.createRegistration),
		s.handle(http.MethodGet, "/register/confirm", public, s.newUser),
		s.handle(http.MethodPost, "/register/confirm", public, s.createUser),
		s.handle(http.MethodGet, "/invitation", public, s.showInvitation),
		s.handle(http.MethodPost, "/invitation", public, s.acceptInvitation),
		s.handle(http.MethodGet, "/login", public, s.newSession),
		s.handle(http.MethodPost, "/login", public, s.createSession),
		s.handle(http.MethodPost, "/logout", signedIn, s.deleteSession),
		s.handle(http.MethodGet, "/forgot-password", public, s.newReset),
		s.handle(http.MethodPost, "/forgot-password", public, s.createReset),
		s.handle(http.MethodGet, "/reset-password", public, s.editForgottenPassword),
		s.handle(http.MethodPost, "/reset-password", public, s.updateForgottenPassword),
		s.handle(http.MethodGet, "/undo-email", public, s.confirmUndoEmail),
		s.handle(http.MethodPost, "/undo-email", public, s.undoEmail),

		s.handle(http.MethodPost, "/theme", public, s.updateTheme),

		s.handle(http.MethodGet, "/dashboard", signedIn, s.showDashboard),
		s.handle(http.MethodGet, "/account", signedIn, s.showAccount),
		s.handle(http.MethodPost, "/account/profile", signedIn, s.updateProfile),
		s.handle(http.MethodPost, "/account/password", signedIn, s.updatePassword),
		s.handle(http.MethodGet, "/account/email", recentlyAuthenticated, s.editEmail),
		s.handle(http.MethodPost, "/account/email", recentlyAuthenticated, s.updateEmail),
		s.handle(http.MethodGet, "/account/email/confirm", signedIn, s.confirmEmail),
		s.handle(http.MethodPost, "/account/email/confirm", signedIn, s.updateEmailByLink),
		s.handle(http.MethodGet, "/account/reauthenticate", signedIn, s.newReauthentication),
		s.handle(http.MethodPost, "/account/reauthenticate", signedIn, s.createReauthentication),
		s.handle(http.MethodGet, "/account/sessions", signedIn, s.listDevices),
		s.handle(http.MethodPost, "/account/sessions/:id/revoke", recentlyAuthenticated, s.deleteDevice),
		s.handle(http.MethodPost, "/account/sessions/revoke-others", recentlyAuthenticated, s.deleteOtherDevices),
		s.handle(http.MethodGet, "/account/activity", signedIn, s.listActivity),
		s.handle(http.MethodPost, "/account/data", recentlyAuthenticated, s.downloadData),
		s.handle(http.MethodGet, "/account/delete", recentlyAuthenticated, s.confirmDeleteAccount),
		s.handle(http.MethodPost, "/account/delete", recentlyAuthenticated, s.deleteAccount),

		s.handle(http.MethodGet, "/notes", signedIn, s.listNotes),
		s.handle(http.MethodGet, "/notes/new", signedIn, s.newNote),
		s.handle(http.MethodPost, "/notes", signedIn, s.createNote),
		s.handle(http.MethodGet, "/notes/:id", signedIn, s.showNote),
		s.handle(http.MethodGet, "/notes/:id/edit", signedIn, s.editNote),
		s.handle(http.MethodPost, "/notes/:id", signedIn, s.updateNote),
		s.handle(http.MethodGet, "/notes/:id/delete", signedIn, s.confirmDeleteNote),
		s.handle(http.MethodPost, "/notes/:id/delete", signedIn, s.deleteNote),

		// gen adds routes above this line.

		s.handle(http.MethodGet, "/admin", administrator, s.showAdministration),
		s.handle(http.MethodGet, "/admin/users", administrator, s.listUsers),
		s.handle(http.MethodGet, "/admin/users/:id", administrator, s.showUser),
		s.handle(http.MethodPost, "/admin/users/:id/role", recentAdministrator, s.updateUserRole),
		s.handle(http.MethodPost, "/admin/users/:id/disable", recentAdministrator, s.disableUser),
		s.handle(http.MethodPost, "/admin/users/:id/enable", recentAdministrator, s.enableUser),
		s.handle(http.MethodPost, "/admin/users/:id/reset", recentAdministrator, s.createUserReset),
		s.handle(http.MethodGet, "/admin/users/:id/sign-out", administrator, s.confirmSignOutUser),
		s.handle(http.MethodPost, "/admin/users/:id/sign-out", recentAdministrator, s.signOutUser),
		s.handle(http.MethodGet, "/admin/sign-out-everybody", administrator, s.confirmSignOutEverybody),
		s.handle(http.MethodPost, "/admin/sign-out-everybody", recentAdministrator, s.signOutEverybody),
		s.handle(http.MethodGet, "/admin/invitations", administrator, s.listInvitations),
		s.handle(http.MethodGet, "/admin/invitations/new", administrator, s.newInvitation),
		s.handle(http.MethodPost, "/admin/invitations", recentAdministrator, s.createInvitation),
		s.handle(http.MethodPost, "/admin/invitations/:id/send", recentAdministrator, s.resendInvitation),
		s.handle(http.MethodPost, "/admin/invitations/:id/withdraw", recentAdministrator, s.withdrawInvitation),
		s.handle(http.MethodGet, "/admin/mail", administrator, s.listMail),
		s.handle(http.MethodPost, "/admin/mail/retry", administrator, s.retryMail),
		s.handle(http.MethodPost, "/admin/mail/:id/retry", administrator, s.retryMessage),
		s.handle(http.MethodGet, "/admin/audit", administrator, s.listAudit),
		s.handle(http.MethodPost, "/admin/audit/export", recentAdministrator, s.exportAudit),

		s.handle(http.MethodGet, "/healthz", public, s.showHealth),
		s.handle(http.MethodGet, "/readyz", public, s.showReadiness),
		s.handle(http.MethodPost, cspReportPath, public, s.createCSPReport),
		s.handle(http.MethodGet, "/favicon.ico", public, s.showFavicon),
		s.handle(http.MethodGet, "/robots.txt", public, s.showRobots),
		s.handle(http.MethodGet, "/manifest.webmanifest", public, s.showManifest),
		s.handle(http.MethodGet, "/static/*", public, s.showStatic),

		s.handle(http.MethodGet, "/_dev/design", development, s.showDesign),
	)
	return errors.Join(err, s.addDevelopment(), s.undeclared())
}
