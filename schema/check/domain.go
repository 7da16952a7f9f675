package check

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// sharedMailDomains is searched as it stands: its lines are sorted by bytes, and
// those of its head begin with a byte that sorts before every domain. So a
// command that asks for no domain pays nothing for the list.
//
//go:generate sh data/refresh.sh
//go:embed data/shared-mail-domains.txt
var sharedMailDomains string

// domains reads domain names as the name service looks them up: case ignored,
// internationalized labels in their ASCII form.
var domains = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.CheckHyphens(true), idna.VerifyDNSLength(true),
)

// asciiDomain returns the form in which two domains are compared. What is no
// domain that a company can have (one label, a public suffix such as co.uk, an
// address of the network) is an error that says why, to follow a colon.
func asciiDomain(s string) (string, error) {
	if strings.HasSuffix(s, ".") {
		return "", errors.New("it ends in a dot")
	}
	ascii, err := domains.ToASCII(s)
	if err != nil {
		return "", noDomain(s)
	}
	suffix, icann := publicsuffix.PublicSuffix(ascii)
	switch last := ascii[strings.LastIndexByte(ascii, '.')+1:]; {
	case !strings.Contains(ascii, "."):
		return "", errors.New("it has one part")
	case strings.Trim(last, "0123456789") == "":
		return "", errors.New("its last part is a number")
	case icann && suffix == ascii:
		return "", errors.New("everybody registers domains below it")
	}
	return ascii, nil
}

// noDomain says why a text cannot be a domain name. What package idna says is
// for its callers.
func noDomain(s string) error {
	switch bad := strings.IndexFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	}); {
	case s == "":
		return errors.New("it is empty")
	case strings.Contains(s, "://"):
		return errors.New("it is a URL")
	case strings.Contains(s, "@"):
		return errors.New("it is an address")
	case bad >= 0:
		r, _ := utf8.DecodeRuneInString(s[bad:])
		return fmt.Errorf("it has the character %q", r)
	}
	for label := range strings.SplitSeq(s, ".") {
		switch {
		case label == "":
			return errors.New("one of its parts is empty")
		case strings.HasPrefix(label, "-"), strings.HasSuffix(label, "-"):
			return fmt.Errorf("its part %s begins or ends in a hyphen", label)
		case len(label) > 63:
			return errors.New("one of its parts is longer than 63 letters")
		}
	}
	if len(s) > 253 {
		return errors.New("it is longer than 253 letters")
	}
	return errors.New("the name service does not take it")
}

// sharedMailDomain reports whether mail at the domain, in its ASCII form, is a
// shared provider's: the domain or one above it is in the list, down to the one
// that somebody registered. So mail.gmx.de is shared because gmx.de is.
func sharedMailDomain(ascii string) bool {
	suffix, icann := publicsuffix.PublicSuffix(ascii)
	for d := ascii; strings.Contains(d, ".") && !(icann && d == suffix); {
		if listed(sharedMailDomains, d) {
			return true
		}
		_, d, _ = strings.Cut(d, ".")
	}
	return false
}

// listed searches a text of sorted lines for one of them.
func listed(text, line string) bool {
	low, high := 0, len(text) // of the bytes in which the line can begin
	for low < high {
		begin := low + strings.LastIndexByte(text[low:low+(high-low)/2], '\n') + 1
		length := strings.IndexByte(text[begin:], '\n')
		if length < 0 {
			length = len(text) - begin
		}
		switch found := text[begin : begin+length]; {
		case found == line:
			return true
		case found < line:
			low = min(begin+length+1, high)
		default:
			high = begin
		}
	}
	return false
}

// mailDomain is the domain of an email address in its ASCII form, or "" where it
// has none.
func mailDomain(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	d := strings.TrimSpace(email[at+1:])
	if ascii, err := asciiDomain(d); err == nil {
		return ascii
	}
	return strings.ToLower(d)
}
