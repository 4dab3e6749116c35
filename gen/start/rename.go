package start

import (
	"regexp"
	"strings"
)

// templatePath is the module path of the template.
const templatePath = "github.com/managethefans/portal"

// mention is a place where a text names the template, with the article before
// it, which may stand at the end of the line above, in a comment too.
var mention = regexp.MustCompile(`(?:\b([Aa]n?|[Tt]he|[Tt]his|one|own)([ \t]+|[ \t]*\n[ \t]*(?://|#)?[ \t]*))?(github\.com/managethefans/portal|PORTAL|portals?)`)

// rename has a text of the template speak of the project. In prose "the portal"
// is the application; elsewhere portal is a name, of a program, a cookie, a file
// or a variable.
func (n names) rename(text string) string {
	var out strings.Builder
	done := 0
	for _, m := range mention.FindAllStringSubmatchIndex(text, -1) {
		article, space, word := group(text, m, 1), group(text, m, 2), group(text, m, 3)
		out.WriteString(text[done:m[0]])
		done = m[1]
		switch {
		case word == templatePath:
			out.WriteString(article + space + n.Module)
		case word == "PORTAL":
			out.WriteString(article + space + strings.ToUpper(n.Short))
		case isName(text[done:]):
			out.WriteString(article + space + n.Short + strings.TrimPrefix(word, "portal"))
		case word == "portals":
			out.WriteString(article + space + "applications")
		case article == "":
			out.WriteString(n.Short)
		default:
			if strings.EqualFold(article, "a") {
				article += "n"
			}
			out.WriteString(article + space + "application")
		}
	}
	out.WriteString(text[done:])
	return out.String()
}

// partOfName is what follows where portal is only the beginning of a name:
// portal_session, portal.db, portal-devtools.
var partOfName = regexp.MustCompile(`^(?:[\w/]|[.\-]\w)`)

func isName(rest string) bool { return partOfName.MatchString(rest) }

func group(text string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return text[m[2*i]:m[2*i+1]]
}
