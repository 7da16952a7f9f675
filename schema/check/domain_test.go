package check

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAsciiDomain(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"agency.example", "agency.example"},
		{"Agency.EXAMPLE", "agency.example"},
		{"bücher.example", "xn--bcher-kva.example"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"a.b.agency.co.uk", "a.b.agency.co.uk"},
		{"github.io", "github.io"}, // a suffix of one company, which has it
		{"", ""},
		{"agency", ""},
		{"co.uk", ""},
		{"de", ""},
		{"anna@agency.example", ""},
		{"https://agency.example", ""},
		{"agency .example", ""},
		{"agency_x.example", ""},
		{"-agency.example", ""},
		{"agency..example", ""},
		{".example", ""},
		{"192.0.2.1", ""},
		{strings.Repeat("a", 64) + ".example", ""},
	} {
		got, err := asciiDomain(tc.in)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("asciiDomain(%q) = %q, %v, want %q", tc.in, got, err, tc.want)
		}
	}
}

// Why something is no domain is said in words of its own.
func TestNoDomain(t *testing.T) {
	for in, want := range map[string]string{
		"agency.example.":                     "it ends in a dot",
		".":                                   "it ends in a dot",
		"":                                    "it is empty",
		"anna@agency.example":                 "it is an address",
		"https://agency.example":              "it is a URL",
		"agency_x.example":                    "it has the character '_'",
		"agency .example":                     "it has the character ' '",
		"agency\u202e.example":                "it has the character '\\u202e'",
		"agency..example":                     "one of its parts is empty",
		".example":                            "one of its parts is empty",
		"-agency.example":                     "its part -agency begins or ends in a hyphen",
		"xn--a.example":                       "the name service does not take it",
		strings.Repeat("a", 64) + ".example":  "one of its parts is longer than 63 letters",
		strings.Repeat("a.", 127) + "example": "it is longer than 253 letters",
		"192.0.2.1":                           "its last part is a number",
		"agency":                              "it has one part",
		"co.uk":                               "everybody registers domains below it",
	} {
		if got, err := asciiDomain(in); err == nil || err.Error() != want {
			t.Errorf("asciiDomain(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zü0-9.-]{0,80}`)).Draw(t, "domain")
		if _, err := asciiDomain(in); err != nil && strings.Contains(err.Error(), "idna") {
			t.Fatalf("asciiDomain(%q): %v", in, err)
		}
	})
}

func TestSharedMailDomain(t *testing.T) {
	for _, tc := range []struct {
		domain string
		want   bool
	}{
		{"gmail.com", true},
		{"gmx.de", true},
		{"outlook.com", true},
		{"yahoo.co.uk", true},
		{"mail.gmx.de", true},
		{"a.b.c.gmail.com", true},
		{"agency.example", false},
		{"notgmail.com", false},
		{"gmail.com.agency.example", false},
		{"com", false},
		{"co.uk", false},
		{"# domains", false},
		{"", false},
	} {
		if got := sharedMailDomain(tc.domain); got != tc.want {
			t.Errorf("sharedMailDomain(%q) = %v, want %v", tc.domain, got, tc.want)
		}
	}
}

// The list is searched as it is embedded: sorted, its head first, every domain
// in the form in which it is asked for.
func TestSharedMailDomainsAreSorted(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(sharedMailDomains, "\n"), "\n")
	head := slices.IndexFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "#") })
	if head != 3 {
		t.Fatalf("the head has %d lines, want 3: what it is, its source, its license", head)
	}
	lines = lines[head:]
	if len(lines) < 14_000 {
		t.Fatalf("%d domains, want at least 14,000", len(lines))
	}
	if !slices.IsSorted(lines) {
		t.Error("the domains are not sorted by bytes")
	}
	for _, l := range lines {
		if !listed(sharedMailDomains, l) {
			t.Errorf("%q is in the list and not found", l)
		}
	}
}

func TestListed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-c.]{1,3}`)
		lines := rapid.SliceOf(word).Draw(t, "lines")
		slices.Sort(lines)
		text := strings.Join(lines, "\n")
		if rapid.Bool().Draw(t, "last line ends") && text != "" {
			text += "\n"
		}
		asked := word.Draw(t, "asked")
		if got, want := listed(text, asked), slices.Contains(lines, asked); got != want {
			t.Fatalf("listed(%q, %q) = %v, want %v", text, asked, got, want)
		}
	})
}

func TestMailDomain(t *testing.T) {
	for _, tc := range []struct{ email, want string }{
		{"anna@agency.example", "agency.example"},
		{"Anna@Agency.Example ", "agency.example"},
		{`"a@b"@bücher.example`, "xn--bcher-kva.example"},
		{"anna", ""},
		{"anna@localhost", "localhost"},
	} {
		if got := mailDomain(tc.email); got != tc.want {
			t.Errorf("mailDomain(%q) = %q, want %q", tc.email, got, tc.want)
		}
	}
}
