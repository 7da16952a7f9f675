package crm

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// What is no address. The texts never repeat it: it is personal data.
var (
	errNoEmail  = errors.New("is not an e-mail address")
	errNoDomain = errors.New("is not a domain")
)

// asciiDomain maps a domain to the form in which DNS knows it. The profile is
// that of look-ups (UTS 46, not transitional), as browsers and mail servers use
// it, and refuses what no DNS name can be.
var asciiDomain = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
	idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// NormalizeEmail returns the one spelling of an e-mail address by which contacts
// are told apart: without space around it, in lower case, the domain in its
// ASCII form. Dots and +tags before the @ count: they are other mailboxes
// wherever a provider does not say otherwise.
func NormalizeEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 320 || !utf8.ValidString(s) {
		return "", errNoEmail
	}
	local := strings.ToLower(s[:at])
	if strings.ContainsFunc(local, notInMailbox) {
		return "", errNoEmail
	}
	domain, err := NormalizeDomain(s[at+1:])
	if err != nil {
		return "", errNoEmail
	}
	return local + "@" + domain, nil
}

func notInMailbox(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || !unicode.IsGraphic(r) || strings.ContainsRune(`@,;:<>()[]"\`, r)
}

// NormalizeDomain returns the one spelling of a domain by which companies are
// told apart: without space around it and a dot at its end, in lower case, in
// its ASCII form. A web address gives its host. A sub-domain, www included, is
// another domain.
func NormalizeDomain(s string) (string, error) {
	s = strings.TrimSpace(s)
	for _, scheme := range []string{"https://", "http://"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			if end := strings.IndexAny(s, ":/?#"); end >= 0 {
				s = s[:end]
			}
			break
		}
	}
	s, err := asciiDomain.ToASCII(strings.TrimSuffix(s, "."))
	if err != nil || s == "" || strings.HasSuffix(s, ".") {
		return "", errNoDomain
	}
	return s, nil
}

// fold is the spelling in which natural keys are compared.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
