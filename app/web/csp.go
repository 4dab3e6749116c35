package web

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// cspReportPath is where browsers report what the Content-Security-Policy kept
// a page from doing. ASVS 3.4.7.
const cspReportPath = "/csp-report"

// maxReport bounds how much of a report is read, in bytes.
const maxReport = 16 << 10

// cspReport is one violation, in the words of either format.
type cspReport struct {
	Document  string `json:"document-uri"`
	Blocked   string `json:"blocked-uri"`
	Directive string `json:"effective-directive"`
}

// createCSPReport logs a violation. Anybody may send anything here: what is
// logged is bounded in size and in number.
func (s *Server) createCSPReport(c echo.Context) error {
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, maxReport))
	if err != nil {
		return unread(err)
	}
	for _, report := range parseCSPReports(body) {
		if s.reports.Allow() {
			s.log.LogAttrs(c.Request().Context(), slog.LevelWarn, "blocked by the content security policy",
				slog.String("document", brief(report.Document)), slog.String("blocked", brief(report.Blocked)), slog.String("directive", brief(report.Directive)))
		}
	}
	return c.NoContent(http.StatusNoContent)
}

// brief is an address without its query, which may hold secrets, and not too
// long for a line of the log.
func brief(address string) string {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	return cut(address, maxNext)
}

// parseCSPReports understands both formats: report-uri sends one object,
// report-to a list (Reporting API). Anything else is no report.
func parseCSPReports(body []byte) []cspReport {
	var single struct {
		Report *cspReport `json:"csp-report"`
	}
	if json.Unmarshal(body, &single) == nil && single.Report != nil {
		return []cspReport{*single.Report}
	}
	var list []struct {
		Type string `json:"type"`
		Body struct {
			Document  string `json:"documentURL"`
			Blocked   string `json:"blockedURL"`
			Directive string `json:"effectiveDirective"`
		} `json:"body"`
	}
	if json.Unmarshal(body, &list) != nil {
		return nil
	}
	var reports []cspReport
	for _, item := range list {
		if item.Type == "csp-violation" {
			reports = append(reports, cspReport(item.Body))
		}
	}
	return reports
}
