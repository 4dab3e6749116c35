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

	return errors.Join(
		s.handle(http.MethodGet, "/", public, s.showHome),

		s.handle(http.MethodGet, "/register", public, s.newUser),
		s.handle(http.MethodPost, "/register", public, s.createUser),
		s.handle(http.MethodGet, "/login", public, s.newSession),
		s.handle(http.MethodPost, "/login", public, s.createSession),
		s.handle(http.MethodPost, "/logout", signedIn, s.deleteSession),

		s.handle(http.MethodGet, "/dashboard", signedIn, s.showDashboard),
		s.handle(http.MethodGet, "/account", signedIn, s.showAccount),
		s.handle(http.MethodPost, "/account/profile", signedIn, s.updateProfile),
		s.handle(http.MethodPost, "/account/password", signedIn, s.updatePassword),

		s.handle(http.MethodGet, "/healthz", public, s.showHealth),
		s.handle(http.MethodGet, "/readyz", public, s.showReadiness),
		s.handle(http.MethodPost, cspReportPath, public, s.createCSPReport),
		s.handle(http.MethodGet, "/favicon.ico", public, s.showFavicon),
		s.handle(http.MethodGet, "/robots.txt", public, s.showRobots),
		s.handle(http.MethodGet, "/manifest.webmanifest", public, s.showManifest),
		s.handle(http.MethodGet, "/static/*", public, s.showStatic),
	)
}
