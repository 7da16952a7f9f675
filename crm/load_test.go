package crm_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"accord/crm"
	"accord/crm/embedded"
	"accord/kv"
	"accord/schema"
)

func account(t testing.TB, db kv.DB) *embedded.Account {
	t.Helper()
	a := embedded.New(db, "acme-de", embedded.Options{})
	if err := a.SetFacts(t.Context(), schema.Facts{Platform: schema.HubSpot}); err != nil {
		t.Fatal(err)
	}
	return a
}

// records returns the properties of all records of an object, by id in order.
func records(t testing.TB, a crm.Account, object string) (out []map[string]string) {
	t.Helper()
	for r, err := range crm.All(t.Context(), a, crm.Query{Object: object}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Properties)
	}
	return out
}

func load(t testing.TB, a crm.Account, text string, opts crm.LoadOptions) (crm.LoadReport, error) {
	t.Helper()
	return crm.Load(t.Context(), a, strings.NewReader(text), opts)
}

func refusals(r crm.LoadReport) string {
	var lines []string
	for _, e := range r.Refused {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

func TestLoadCSV(t *testing.T) {
	a := account(t, kv.NewMem())
	const file = "\xef\xbb\xbfobject,email,domain,firstname, dealname ,amount,contacts,companies\r\n" +
		"company,,Example.com,,,,,\r\n" +
		"contact,Jane@Example.com,,\"Jane, the \"\"first\"\"\",,,,example.com\r\n" +
		"contact,jane@example.com,,,,,,\r\n" +
		"deal,,,,Big,1000.0,jane@example.com; ,EXAMPLE.com\r\n"
	report, err := load(t, a, file, crm.LoadOptions{Format: crm.CSV})
	if err != nil || len(report.Refused) > 0 {
		t.Fatalf("got %v and %s", err, refusals(report))
	}
	if report.Rows != 4 || report.Created != 3 || report.Same != 1 || report.Updated != 0 {
		t.Errorf("report: got %+v", report)
	}
	jane, err := crm.Find(t.Context(), a, schema.Contact, "jane@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"email": "jane@example.com", "firstname": `Jane, the "first"`}; !maps.Equal(jane.Properties, want) {
		t.Errorf("contact: got %v, want %v", jane.Properties, want)
	}
	deal, err := crm.Find(t.Context(), a, schema.Deal, "Big")
	if err != nil || deal.Properties["amount"] != "1000" {
		t.Fatalf("deal: got %+v and %v", deal, err)
	}
	for _, to := range []string{schema.Contact, schema.Company} {
		pages, err := a.Associations(t.Context(), schema.Deal, []string{deal.ID}, to)
		if err != nil || len(pages[0].Items) != 1 {
			t.Errorf("%s of the deal: got %+v and %v", to, pages, err)
		}
	}

	// Once more: the same accounts, and no second deal.
	report, err = load(t, a, file, crm.LoadOptions{Format: crm.CSV})
	if err != nil || report.Same != 4 || report.Created+report.Updated+len(report.Refused) != 0 {
		t.Errorf("again: got %+v and %v", report, err)
	}
}

// Excel writes the separator of its language, with the line ends of Windows.
func TestLoadCSVSeparators(t *testing.T) {
	for name, file := range map[string]string{
		"semicolon":    "email;firstname;lastname\r\njane@example.com;\"Jane; the first\";\"Doe, M.A.\"\r\n",
		"tab":          "email\tfirstname\tlastname\njane@example.com\tJane; the first\tDoe, M.A.\n",
		"comma":        "email,firstname,lastname\njane@example.com,Jane; the first,\"Doe, M.A.\"\n",
		"quoted names": "\"email\";\"firstname\";\"lastname\"\njane@example.com;\"Jane; the first\";Doe, M.A.\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := account(t, kv.NewMem())
			report, err := load(t, a, file, crm.LoadOptions{Format: crm.CSV, Object: schema.Contact})
			if err != nil || report.Created != 1 {
				t.Fatalf("got %+v, %v and %s", report, err, refusals(report))
			}
			jane, err := crm.Find(t.Context(), a, schema.Contact, "jane@example.com")
			if err != nil {
				t.Fatal(err)
			}
			if p := jane.Properties; p["firstname"] != "Jane; the first" || p["lastname"] != "Doe, M.A." {
				t.Errorf("got %v", p)
			}
		})
	}
}

func TestLoadJSONLines(t *testing.T) {
	a := account(t, kv.NewMem())
	const file = `
{"object":"contact","email":"jane@example.com","firstname":"Jane","marketing_contact":true}

{"object":"contact","properties":{"email":"joe@example.com","lastname":null},"id":"77","createdAt":"2026-01-01T00:00:00Z"}
{"dealname":"Big","amount":1000.50,"contacts":["jane@example.com"]}
{"object":"deal","properties":{"dealname":"Small"},"associations":{"contacts":["joe@example.com"],"deals":["Big"]}}
{"object":"note","body":"Called twice","deals":["Small"]}
`
	report, err := load(t, a, file, crm.LoadOptions{Format: crm.JSONLines, Object: schema.Deal})
	if err != nil || len(report.Refused) > 0 || report.Created != 5 {
		t.Fatalf("got %+v, %v and %s", report, err, refusals(report))
	}
	if got := records(t, a, schema.Contact); !maps.Equal(got[0], map[string]string{"email": "jane@example.com", "firstname": "Jane", "marketing_contact": "true"}) {
		t.Errorf("contact: got %v", got[0])
	}
	small, err := crm.Find(t.Context(), a, schema.Deal, "Small")
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{schema.Contact, schema.Deal, schema.Note} {
		pages, err := a.Associations(t.Context(), schema.Deal, []string{small.ID}, to)
		if err != nil || len(pages[0].Items) != 1 {
			t.Errorf("%s of the deal: got %+v and %v", to, pages, err)
		}
	}
}

// A row that is refused names its line and no more, and stops no other.
func TestLoadRefusals(t *testing.T) {
	a := account(t, kv.NewMem())
	report, err := load(t, a, strings.Join([]string{
		`{"object":"contact","email":"secret.example.com"}`,
		`{"object":"contact","email":"jane@example.com"}`,
		`not JSON, secret`,
		`{"email":"secret@example.com"}`,
		`{"object":"contact","email":"secret@example.com","city":["secret"]}`,
		`{"object":"contact","email":"secret@example.com","cty":"secret"}`,
		`{"object":"contact","email":"secret@example.com","companies":["secret"]}`,
		`{"object":"contcat","email":"secret@example.com"}`,
		`{"object":"deal","dealname":"Twin"}`,
		`{"object":"deal","dealname":"Twin"}`,
		`{"object":"note","body":"secret","deals":["Twin"]}`,
		`{"object":"contact","email":"joe@example.com"}`,
	}, "\n"), crm.LoadOptions{Format: crm.JSONLines})
	if err != nil || report.Created != 4 || report.Rows != 12 {
		t.Errorf("got %+v and %v", report, err)
	}
	var lines []int
	for _, r := range report.Refused {
		lines = append(lines, r.Line)
	}
	if got, want := fmt.Sprint(lines), "[1 3 4 5 6 7 8 11]"; got != want {
		t.Errorf("refused lines: got %s, want %s\n%s", got, want, refusals(report))
	}
	if strings.Contains(refusals(report), "secret") {
		t.Errorf("what was refused is repeated:\n%s", refusals(report))
	}
	if !strings.Contains(refusals(report), `did you mean "contact"`) {
		t.Errorf("no hint at the object that was meant:\n%s", refusals(report))
	}
}

func TestLoadFiles(t *testing.T) {
	for _, test := range []struct {
		name, text string
		opts       crm.LoadOptions
		want       string
	}{
		{"empty", "", crm.LoadOptions{Format: crm.CSV}, "is empty"},
		{"no name of a column", "email,\n", crm.LoadOptions{Format: crm.CSV}, "column 2"},
		{"the same column twice", "email,email\n", crm.LoadOptions{Format: crm.CSV}, "column 2"},
		{"unknown format", "x", crm.LoadOptions{Format: "xml"}, `"xml"`},
		{"a quote that is not closed", "email\n\"" + strings.Repeat("x\n", 2<<20), crm.LoadOptions{Format: crm.CSV, Object: schema.Contact}, "longer than"},
		{"a line that does not end", strings.Repeat("x", 2<<20), crm.LoadOptions{Format: crm.JSONLines}, "longer than"},
		{"a bare quote", "email\nx\"y\n", crm.LoadOptions{Format: crm.CSV, Object: schema.Contact}, "quote"},
		{"too many refused", "email\n" + strings.Repeat("x\n", 30), crm.LoadOptions{Format: crm.CSV, Object: schema.Contact, MaxErrors: 20}, "too many rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, account(t, kv.NewMem()), test.text, test.opts)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to say %q", err, test.want)
			}
		})
	}
	report, err := load(t, account(t, kv.NewMem()), "email,city\na@example.com,Rome,x\nb@example.com,Bonn\n", crm.LoadOptions{Format: crm.CSV, Object: schema.Contact})
	if err != nil || report.Created != 1 || refusals(report) != "line 2: it has 3 cells, and the header has 2" {
		t.Errorf("a row of another length: got %+v, %v and %s", report, err, refusals(report))
	}
}

// A load dies at one write after another; the next goes on where it was, and what comes out
// is what one load makes.
func TestLoadResumes(t *testing.T) {
	var file strings.Builder
	for i := range 2300 {
		switch i % 2300 / 1150 {
		case 0:
			fmt.Fprintf(&file, `{"object":"contact","email":"c%d@example.com"}`+"\n", i)
		default:
			fmt.Fprintf(&file, `{"object":"deal","dealname":"Deal %d","contacts":["c%d@example.com"]}`+"\n", i, i-1150)
		}
	}
	resumed := 0
	for n := 0; ; n += 3 {
		db := kv.NewMem()
		a := account(t, db)
		faulty := kv.CrashUnheard(db, n)
		dying := embedded.New(faulty, "acme-de", embedded.Options{})
		_, err := load(t, dying, file.String(), crm.LoadOptions{Format: crm.JSONLines, Bookmarks: dying})
		if !faulty.Tripped() {
			if err != nil || n < 20 || resumed < 1150 {
				t.Fatalf("after %d writes: %v, and at most %d rows were not loaded again", n, err, resumed)
			}
			return
		}
		if !errors.Is(err, kv.ErrInjected) {
			t.Fatalf("write %d: got %v, want the injected failure", n, err)
		}
		last := crm.LoadReport{}
		report, err := load(t, a, file.String(), crm.LoadOptions{
			Format: crm.JSONLines, Bookmarks: a, Progress: func(r crm.LoadReport) { last = r },
		})
		if err != nil || len(report.Refused) > 0 || report.Rows != 2300 || last.Rows != 2300 {
			t.Fatalf("write %d: got %+v, %v and %s", n, report, err, refusals(report))
		}
		resumed = max(resumed, report.Resumed)
		if c, d := len(records(t, a, schema.Contact)), len(records(t, a, schema.Deal)); c != 1150 || d != 1150 {
			t.Fatalf("write %d: got %d contacts and %d deals, want 1150 of each", n, c, d)
		}
		feed := 0
		for cursor := crm.Cursor(""); ; {
			part, next, err := a.Changes(t.Context(), cursor, 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(part) == 0 {
				break
			}
			feed, cursor = feed+len(part), next
		}
		if feed != 3*1150 {
			t.Fatalf("write %d: got %d changes, want %d", n, feed, 3*1150)
		}
		if rows, err := a.Bookmark(t.Context(), ""); err != nil || rows != 0 {
			t.Errorf("a bookmark of another file: got %d and %v", rows, err)
		}
	}
}

// Whatever the file holds, a load ends without a panic, counts every row once,
// and a second load of the same file makes nothing new.
func FuzzLoad(f *testing.F) {
	f.Add(true, "object,email,contacts\ncontact,a@example.com,\ndeal,,a@example.com\n")
	f.Add(true, "email\n\"")
	f.Add(false, `{"object":"contact","email":"a@example.com","city":null}`+"\n{}\nx\n")
	f.Add(false, `{"object":"deal","properties":{"dealname":"d","amount":1e3},"associations":{"deals":["d","1"]}}`)
	f.Fuzz(func(t *testing.T, csv bool, text string) {
		opts := crm.LoadOptions{Format: crm.JSONLines, Object: schema.Contact, MaxErrors: 1 << 20}
		if csv {
			opts.Format = crm.CSV
		}
		a := account(t, kv.NewMem())
		opts.Bookmarks = a
		first, err := load(t, a, text, opts)
		if err != nil {
			return
		}
		if first.Created+first.Updated+first.Same+len(first.Refused) != first.Rows {
			t.Errorf("the rows do not add up: %+v", first)
		}
		second, err := load(t, a, text, opts)
		if err != nil {
			t.Fatal(err)
		}
		// A row that referred to one behind it was refused at first.
		if second.Created > len(first.Refused)-len(second.Refused) {
			t.Errorf("loaded again, it created %d: first %+v, then %+v", second.Created, first, second)
		}
	})
}
