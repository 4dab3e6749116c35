package program

import (
	"bytes"
	"html/template"
	"reflect"
	"strconv"
	"strings"
)

// writers write a value as html/template's functions of these names do, in the
// order in which it puts them.
var writers = map[string]func(*bytes.Buffer, reflect.Value){
	"_html_template_htmlescaper":                                                       writeHTML,
	"_html_template_attrescaper":                                                       writeText,
	"_html_template_rcdataescaper":                                                     writeText,
	"_html_template_urlnormalizer _html_template_attrescaper":                          writeURL,
	"_html_template_urlfilter _html_template_urlnormalizer _html_template_attrescaper": writeWholeURL,
}

var (
	htmlType   = reflect.TypeFor[template.HTML]()
	stringType = reflect.TypeFor[string]()
)

// writeHTML writes a value between tags.
func writeHTML(out *bytes.Buffer, v reflect.Value) {
	if v.IsValid() && v.Type() == htmlType {
		out.WriteString(v.String())
		return
	}
	writeText(out, v)
}

// writeText writes a value where no markup can be: in an attribute, in a title.
func writeText(out *bytes.Buffer, v reflect.Value) {
	if v.CanInt() && v.Type().NumMethod() == 0 {
		out.Write(strconv.AppendInt(out.AvailableBuffer(), v.Int(), 10))
		return
	}
	escape(out, text(v))
}

// writeURL writes a value in an address after its path has begun.
func writeURL(out *bytes.Buffer, v reflect.Value) {
	if v.CanInt() {
		writeText(out, v)
		return
	}
	address := text(v)
	for i := range len(address) {
		if plainInURL[address[i]] || address[i] == '%' && i+2 < len(address) && isHex(address[i+1]) && isHex(address[i+2]) {
			continue
		}
		panic(errUnknown)
	}
	escape(out, address)
}

// writeWholeURL writes an address. One that may name a scheme, such as
// javascript, is html/template's to judge.
func writeWholeURL(out *bytes.Buffer, v reflect.Value) {
	if address := text(v); !strings.HasPrefix(address, "/") && strings.Contains(address, ":") {
		panic(errUnknown)
	}
	writeURL(out, v)
}

// text is a value that html/template takes for text that isn't safe.
func text(v reflect.Value) string {
	if v.IsValid() && v.Type() == stringType {
		return v.String()
	}
	panic(errUnknown)
}

// escaped is what stands for characters that mean something in HTML.
var escaped = [256]string{
	0: "\uFFFD", '"': "&#34;", '&': "&amp;", '\'': "&#39;", '+': "&#43;", '<': "&lt;", '>': "&gt;",
}

func escape(out *bytes.Buffer, s string) {
	written := 0
	for i := range len(s) {
		if replacement := escaped[s[i]]; replacement != "" {
			out.WriteString(s[written:i])
			out.WriteString(replacement)
			written = i + 1
		}
	}
	out.WriteString(s[written:])
}

// plainInURL are the bytes of an address that html/template leaves as they are.
var plainInURL = func() (plain [256]bool) {
	for _, c := range []byte("-._~/?=&;,:@+" + "0123456789" + "abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		plain[c] = true
	}
	return plain
}()

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }
