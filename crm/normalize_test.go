package crm

import (
	"strings"
	"testing"

	"accord/schema"
)

func TestNormalizeEmail(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"jane@example.com", "jane@example.com"},
		{"  Jane.Doe+News@Example.COM\n", "jane.doe+news@example.com"},
		{"jane@example.com.", "jane@example.com"},
		{"jane@müller.example", "jane@xn--mller-kva.example"},
		{"jane@MU\u0308LLER.example", "jane@xn--mller-kva.example"},
		{"jane@XN--MLLER-KVA.example", "jane@xn--mller-kva.example"},
		{"jane@straße.example", "jane@xn--strae-oqa.example"}, // not transitional: not strasse
		{"jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah"},        // an ideographic full stop
		{"JÜRGEN@example.com", "jürgen@example.com"},
		{"o'hara@example.com", "o'hara@example.com"},
		{"jane@localhost", "jane@localhost"},
	} {
		got, err := NormalizeEmail(test.in)
		if err != nil || got != test.want {
			t.Errorf("%q: got %q and %v, want %q", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{
		"", " ", "@", "jane", "jane@", "@example.com", "jane@@example.com", "jane@exa mple.com", "ja ne@example.com", "jane@-example.com",
		"jane@example..com", "Jane <jane@example.com>", "jane@example.com, joe@example.com", "jane@exa_mple.com", "jane@[127.0.0.1]",
		"jane@" + strings.Repeat("a", 64) + ".com", "jane\x00@example.com", "jane@example.com\x00", "\xff@example.com", "jane\u200b@example.com",
		strings.Repeat("j", 320) + "@example.com",
	} {
		if got, err := NormalizeEmail(in); err == nil {
			t.Errorf("%q: got %q, want an error", in, got)
		} else if strings.Contains(err.Error(), "jane") {
			t.Errorf("%q: the error repeats the address: %v", in, err)
		}
	}
}

func TestNormalizeDomain(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"example.com", "example.com"},
		{" EXAMPLE.com. ", "example.com"},
		{"www.example.com", "www.example.com"},
		{"müller.example", "xn--mller-kva.example"},
		{"https://Example.com:8080/about?x#y", "example.com"},
		{"HTTP://müller.example", "xn--mller-kva.example"},
	} {
		if got, err := NormalizeDomain(test.in); err != nil || got != test.want {
			t.Errorf("%q: got %q and %v, want %q", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{"", ".", "..", "a b", "exa/mple.com", "ftp://example.com", "https://", "jane@example.com", "example.com..", "xn--\x80"} {
		if got, err := NormalizeDomain(in); err == nil {
			t.Errorf("%q: got %q, want an error", in, got)
		}
	}
}

// One spelling has itself as its spelling, and the case and space around an
// address make no other of it.
func FuzzNormalizeEmail(f *testing.F) {
	for _, s := range []string{"jane@example.com", " Jane@MÜLLER.example ", "a@xn--mller-kva.example.", "@", "a@b@c", "İ@x.y", "a@İ.y", "ẞ@ß.de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := NormalizeEmail(s)
		if err != nil {
			return
		}
		for _, other := range []string{got, " " + s + "\t", got + "."} {
			if again, err := NormalizeEmail(other); err != nil || again != got {
				t.Errorf("%q is %q, but %q is %q (%v)", s, got, other, again, err)
			}
		}
		_, domain, ok := strings.Cut(got, "@")
		if !ok || strings.ContainsFunc(domain, func(r rune) bool { return r > 0x7f || 'A' <= r && r <= 'Z' }) {
			t.Errorf("%q is %q, whose domain is not in its ASCII form", s, got)
		}
		if strings.ContainsAny(got, " \t\r\n\x00") || strings.Count(got, "@") != 1 {
			t.Errorf("%q is %q, which is no address", s, got)
		}
	})
}

func TestNormalizeValue(t *testing.T) {
	for _, test := range []struct{ typ, in, want string }{
		{schema.TypeString, " a ", " a "},
		{schema.TypeEnumeration, "a", "a"},
		{schema.TypeNumber, "1000", "1000"},
		{schema.TypeNumber, " 1000.0 ", "1000"},
		{schema.TypeNumber, "1e3", "1000"},
		{schema.TypeNumber, "+.50", "0.5"},
		{schema.TypeNumber, "-0.0", "0"},
		{schema.TypeNumber, "007.", "7"},
		{schema.TypeNumber, "12345678901234567890.10", "12345678901234567890.1"},
		{schema.TypeNumber, "-1.5E-3", "-0.0015"},
		{schema.TypeBoolean, " TRUE ", "true"},
		{schema.TypeBoolean, "false", "false"},
		{schema.TypeDate, "2026-02-28", "2026-02-28"},
		{schema.TypeDate, "2026-02-28T00:00:00Z", "2026-02-28"},
		{schema.TypeDate, "1772236800000", "2026-02-28"},
		{schema.TypeDatetime, "2026-02-28", "2026-02-28T00:00:00Z"},
		{schema.TypeDatetime, "2026-02-28T10:11:12.3456+02:00", "2026-02-28T08:11:12.345Z"},
		{schema.TypeDatetime, "1772236800001", "2026-02-28T00:00:00.001Z"},
		{schema.TypeNumber, "", ""},
		{schema.TypeDate, "", ""},
	} {
		got, err := NormalizeValue(test.typ, test.in)
		if err != nil || got != test.want {
			t.Errorf("%s %q: got %q and %v, want %q", test.typ, test.in, got, err, test.want)
		}
	}
	for _, test := range []struct{ typ, in string }{
		{schema.TypeNumber, "ten"},
		{schema.TypeNumber, "1,5"},
		{schema.TypeNumber, "0x10"},
		{schema.TypeNumber, "1_000"},
		{schema.TypeNumber, "NaN"},
		{schema.TypeNumber, "Inf"},
		{schema.TypeNumber, "1e999"},
		{schema.TypeNumber, "."},
		{schema.TypeNumber, " "},
		{schema.TypeBoolean, "yes"},
		{schema.TypeBoolean, "1"},
		{schema.TypeDate, "28.02.2026"},
		{schema.TypeDate, "2026-02-30"},
		{schema.TypeDate, "2026-02-28T10:00:00Z"},
		{schema.TypeDate, "2026-02-28T00:00:00+02:00"},
		{schema.TypeDate, "99999999999999999"},
		{schema.TypeDatetime, "2026-02-28 10:00"},
		{schema.TypeString, "\xff"},
		{schema.TypeString, strings.Repeat("x", MaxValueBytes+1)},
	} {
		if got, err := NormalizeValue(test.typ, test.in); err == nil {
			t.Errorf("%s %q: got %q, want an error", test.typ, test.in, got)
		}
	}
}

// One spelling has itself as its spelling.
func FuzzNormalizeValue(f *testing.F) {
	types := []string{schema.TypeString, schema.TypeNumber, schema.TypeBoolean, schema.TypeDate, schema.TypeDatetime, schema.TypeEnumeration}
	for i, s := range []string{"a", "-0012.50e-7", "True", "2026-02-28", "2026-02-28T10:11:12.3456+02:00", "-62135596800000"} {
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, typ uint8, s string) {
		name := types[int(typ)%len(types)]
		got, err := NormalizeValue(name, s)
		if err != nil {
			return
		}
		if again, err := NormalizeValue(name, got); err != nil || again != got {
			t.Errorf("%s %q is %q, and that is %q (%v)", name, s, got, again, err)
		}
	})
}
