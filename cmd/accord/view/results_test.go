package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"accord/apply"
	"accord/crm"
	"accord/diag"
	"accord/plan"
	"accord/schema"
	"accord/schema/check"
	"accord/state"
)

func item(action plan.Action, address, err string) apply.Item {
	return apply.Item{Ref: ref(address), Action: action, Seconds: 1.25, Error: err}
}

func sampleReceipts() map[string]*apply.Receipt {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	done := []apply.Item{item(plan.Create, "Property/territory", ""), item(plan.Update, "Connection/de-us", ""), item(plan.Create, "List/vips", "")}
	receipt := func(outcome string) *apply.Receipt {
		return &apply.Receipt{
			FormatVersion: "1.0", Digest: "accord1:01", Outcome: outcome, Started: begin, Finished: begin.Add(time.Minute),
			Added: 2, Changed: 1, Serial: 13, Done: done, Failed: []apply.Item{}, Unknown: []apply.Item{}, NotStarted: []apply.Item{},
		}
	}
	partial := receipt(state.Partial)
	partial.Failed = []apply.Item{item(plan.Delete, "List/old", "delete List \"old\" in acme-de: the account refused:\nno <b>right</b> @all")}
	partial.Unknown = []apply.Item{item(plan.Replace, "Property/number", "it was cut off, and whether it happened is not known")}
	partial.NotStarted = []apply.Item{item(plan.Create, "Workflow/a", ""), item(plan.Create, "Workflow/b", ""), item(plan.Create, "Workflow/c", ""), item(plan.Update, "Workflow/d", "")}
	interrupted := receipt(state.Interrupted)
	interrupted.NotStarted = partial.NotStarted[:1]
	return map[string]*apply.Receipt{"receipt": receipt(state.Done), "receipt_partial": partial, "receipt_interrupted": interrupted}
}

func TestReceipt(t *testing.T) {
	for name, r := range sampleReceipts() {
		golden(t, name+"_text", func(w io.Writer) error { return ReceiptText(w, r, Style{}) })
		golden(t, name+"_markdown", func(w io.Writer) error { return ReceiptMarkdown(w, r) })
	}
	golden(t, "receipt_partial_json", func(w io.Writer) error { return ReceiptJSON(w, sampleReceipts()["receipt_partial"]) })
}

// Scripts look for these lines.
func TestReceiptLine(t *testing.T) {
	receipts := sampleReceipts()
	for name, want := range map[string]string{
		"receipt":         "Apply complete! Resources: 2 added, 1 changed, 0 destroyed.",
		"receipt_partial": "Apply incomplete. Resources: 2 added, 1 changed, 0 destroyed; 1 failed, 1 unknown, 4 not started.",
	} {
		text := written(t, func(w io.Writer) error { return ReceiptText(w, receipts[name], Style{}) })
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("%s: there is no line %q in\n%s", name, want, text)
		}
	}
}

func TestReceiptMarkdownHasASize(t *testing.T) {
	r := sampleReceipts()["receipt_partial"]
	for i := range 20000 {
		one := item(plan.Create, fmt.Sprintf("List/%d", i), strings.Repeat("@all <script> ", 100))
		r.Done, r.Failed, r.Unknown, r.NotStarted = append(r.Done, one), append(r.Failed, one), append(r.Unknown, one), append(r.NotStarted, one)
	}
	r.Digest = strings.Repeat("x", 1<<20)
	text := written(t, func(w io.Writer) error { return ReceiptMarkdown(w, r) })
	if len(text) > maxMarkdown || strings.Contains(text, "<script") || strings.Contains(text, "@all") || !strings.Contains(text, "more changes") {
		t.Errorf("it has %d bytes, and begins with\n%s", len(text), text[:1000])
	}
}

func TestDrift(t *testing.T) {
	golden(t, "drift_text", func(w io.Writer) error { return DriftText(w, samplePlan(), Style{}) })
	golden(t, "drift_json", func(w io.Writer) error { return DriftJSON(w, samplePlan()) })
	golden(t, "drift_none", func(w io.Writer) error { return DriftText(w, &plan.Plan{}, Style{}) })
	none := written(t, func(w io.Writer) error { return DriftJSON(w, &plan.Plan{}) })
	if strings.Contains(none, "null") || !strings.Contains(none, `"resource_drift": []`) {
		t.Errorf("an empty list is not []: %s", none)
	}
}

func sampleRules() []*check.Rule {
	return []*check.Rule{
		{
			Name: "connection-duplicate", When: []check.When{check.AtPlan, check.AtApply}, Statement: "Two accounts are connected once.",
			Reason: "The features of a pair stand in one\nplace.\n\nPut them there.", Source: []string{check.SourceOrganization},
			Breaks: "apiVersion: accord/v1\nkind: Connection\n---\napiVersion: accord/v1\n", Holds: "apiVersion: accord/v1\n",
		},
		{Name: "email-unused", Severity: diag.Warning, When: []check.When{check.AtPlan}, Statement: "An email is sent.", Source: []string{check.SourceOurs}, Example: "An email that no\nworkflow names."},
		{Name: "consent", Warns: true, When: []check.When{check.AtRun}, Statement: "There is a basis."},
	}
}

func TestRules(t *testing.T) {
	golden(t, "rules_text", func(w io.Writer) error { return RulesText(w, sampleRules(), Style{}) })
	golden(t, "rules_json", func(w io.Writer) error { return RulesJSON(w, sampleRules()) })
	golden(t, "rule_text", func(w io.Writer) error { return RuleText(w, sampleRules()[0], Style{}) })
	golden(t, "rule_example_text", func(w io.Writer) error { return RuleText(w, sampleRules()[1], Style{}) })
	for _, r := range check.Rules {
		text := written(t, func(w io.Writer) error { return RuleText(w, r, Style{}) })
		if !strings.Contains(text, r.Statement) || r.Holds != "" && !strings.Contains(text, "This holds:") {
			t.Errorf("%s is explained as\n%s", r.Name, text)
		}
	}
}

func TestAccounts(t *testing.T) {
	accounts := []check.AccountReport{
		{Name: "acme-de", Platform: "hubspot", Organization: "acme", Rules: []string{}},
		{Name: "a-rather-long-name", Platform: "brevo", Rules: []string{"account-tier-too-low", "account-not-active"}},
	}
	golden(t, "accounts_text", func(w io.Writer) error { return AccountsText(w, accounts, Style{}) })
	golden(t, "accounts_json", func(w io.Writer) error { return AccountsJSON(w, accounts) })
	golden(t, "accounts_none", func(w io.Writer) error { return AccountsText(w, nil, Style{}) })
}

func TestFacts(t *testing.T) {
	f := schema.Facts{Platform: "hubspot", Hosting: "eu1", Subscriptions: map[string]string{"sales": "starter", "marketing": "free"}, SensitiveData: true}
	text := written(t, func(w io.Writer) error { return FactsText(w, f) })
	want := "platform=hubspot\ntype=standard\nstatus=active\nhosting=eu1\nsubscriptions.marketing=free\nsubscriptions.sales=starter\nsensitiveData=true\n"
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	// What is shown can be given back.
	var back schema.Facts
	for l := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), "=")
		if name == "platform" {
			back.Platform = value
			continue
		}
		var err error
		if back, err = back.With(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fmt.Sprint(back.Canonical()), fmt.Sprint(f.Canonical()); got != want {
		t.Errorf("read back it is %s, want %s", got, want)
	}
}

func TestState(t *testing.T) {
	rec := state.Record{
		Ref: ref("Property/territory"), Digest: "abc", Accounts: []string{"acme-de", "acme-us"}, IDs: map[string]string{"acme-us": "2", "acme-de": "1"},
		Implied: map[string]map[string]string{"acme-de": {"contact/x": "9"}}, PreventDestroy: true, Serial: 4,
		Resource: json.RawMessage(`{"apiVersion":"accord/v1","kind":"Property","metadata":{"name":"territory"},"spec":{"object":"contact","options":["no","true","5","a: b",""],"label":"x\ny"}}`),
	}
	golden(t, "record_text", func(w io.Writer) error { return RecordText(w, rec, Style{}) })
	golden(t, "record_json", func(w io.Writer) error { return RecordJSON(w, rec) })
	if err := RecordText(io.Discard, state.Record{}, Style{}); err == nil {
		t.Error("a record without a resource is no error")
	}
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	runs := []state.Run{
		{ID: "2", Operation: "apply", By: "anna", Host: "ci", Commit: "0123456789abcdef", Digest: "accord1:0123456789abcdef", Started: begin, Finished: begin.Add(time.Second), Outcome: state.Done, Added: 2, Serial: 13},
		{ID: "1", Operation: "state mv", By: "ben", Host: "laptop", Started: begin.Add(-time.Hour), Outcome: state.Running, Serial: 2},
	}
	golden(t, "history_text", func(w io.Writer) error { return HistoryText(w, runs, Style{}) })
	golden(t, "history_json", func(w io.Writer) error { return HistoryJSON(w, runs) })
	golden(t, "history_none", func(w io.Writer) error { return HistoryText(w, nil, Style{}) })
	problems := []state.Problem{
		{Ref: ref("List/x"), Message: "its digest does not fit", Help: "pull the state, mend it and push it back"},
		{Message: "an apply was stopped"},
	}
	golden(t, "problems_text", func(w io.Writer) error { return ProblemsText(w, problems, Style{}) })
	golden(t, "problems_json", func(w io.Writer) error { return ProblemsJSON(w, problems) })
	golden(t, "problems_none_text", func(w io.Writer) error { return ProblemsText(w, nil, Style{}) })
	golden(t, "problems_none_json", func(w io.Writer) error { return ProblemsJSON(w, nil) })
}

func sampleRecords() []CRMRecord {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	record := func(object, id string, properties map[string]string) CRMRecord {
		return CRMRecord{&crm.Record{ID: id, Object: object, Properties: properties, CreatedAt: begin, UpdatedAt: begin.Add(time.Hour)}, nil}
	}
	out := []CRMRecord{
		record(schema.Contact, "101", map[string]string{"email": "anna@acme.example", "firstname": "Anna", "lifecyclestage": "lead", "note": "a\n<b>\x1b"}),
		record(schema.Contact, "102", map[string]string{"firstname": "No", "lastname": "Mail"}),
		record(schema.Company, "7", map[string]string{"domain": "acme.example"}),
		record(schema.Deal, "9", nil),
		record(schema.Note, "12", map[string]string{"hs_note_body": "called", "hs_timestamp": "2026-01-02T00:00:00Z"}),
	}
	out[0].Associations = map[string][]string{schema.Deal: {"9", "10"}, schema.Company: {"7"}, schema.EmailActivity: nil}
	return out
}

func TestCRM(t *testing.T) {
	golden(t, "crm_record_text", func(w io.Writer) error { return CRMRecordText(w, sampleRecords()[0], Style{}) })
	golden(t, "crm_record_json", func(w io.Writer) error { return CRMRecordJSON(w, sampleRecords()[0]) })
	list := func(format string, more bool, records []CRMRecord) func(io.Writer) error {
		return func(w io.Writer) error {
			l := NewCRMList(w, format, Style{})
			for i := range records {
				if err := l.Add(records[i]); err != nil {
					return err
				}
			}
			if more {
				l.More()
			}
			return l.Close()
		}
	}
	golden(t, "crm_list_text", list("text", true, sampleRecords()))
	golden(t, "crm_list_json", list("json", false, sampleRecords()))
	for _, tc := range []struct {
		records []CRMRecord
		more    bool
		n       int
		next    any
	}{{nil, false, 0, nil}, {sampleRecords(), false, 5, nil}, {sampleRecords()[:2], true, 2, "102"}} {
		var doc struct {
			Results []struct{ ID string }
			Next    any
		}
		text := written(t, list("json", tc.more, tc.records))
		if err := json.Unmarshal([]byte(text), &doc); err != nil || doc.Results == nil || len(doc.Results) != tc.n || doc.Next != tc.next {
			t.Errorf("%d records: %v in %s", tc.n, err, text)
		}
	}
	if got := written(t, list("text", false, nil)); got != "No records.\n" {
		t.Errorf("got %q", got)
	}
	if err := list("json", false, sampleRecords())(failing{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want the error of the stream", err)
	}
}

func TestCRMRecordHasTheNamesOfTheContract(t *testing.T) {
	text := written(t, func(w io.Writer) error { return CRMRecordJSON(w, sampleRecords()[0]) })
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(doc["associations"]) != "map[companies:[7] deals:[9 10]]" || doc["createdAt"] != "2026-01-02T03:04:05.006Z" || doc["object"] != "contact" {
		t.Errorf("got %s", text)
	}
}

func TestLoadReport(t *testing.T) {
	r := crm.LoadReport{Rows: 10, Resumed: 2, Created: 4, Updated: 2, Same: 1, Refused: []crm.RowError{{Line: 3, Err: errors.New("email is no address")}}}
	golden(t, "load_text", func(w io.Writer) error { return LoadReportText(w, r, Style{}) })
	golden(t, "load_json", func(w io.Writer) error { return LoadReportJSON(w, r) })
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"one two three", "one two\nthree"},
		{"averylongword b", "averylongword\nb"},
		{"a b\n\nc   d", "a b\n\nc d"},
		{"很好 很好 很", "很好\n很好 很"},
		{"", ""},
	} {
		if got := wrap(tc.in, 8); got != tc.want {
			t.Errorf("wrap(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}
