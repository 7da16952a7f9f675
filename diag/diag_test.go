package diag

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestClosest(t *testing.T) {
	accounts := []string{"acme-de", "acme-us", "acme-uk"}
	for _, tc := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"acme-ud", accounts, "acme-uk"}, // acme-us is as near, and sorts later
		{"acmeus", accounts, "acme-us"},
		{"ACME-US", accounts, "acme-us"},
		{"amce-us", accounts, "acme-us"},
		{"globex", accounts, ""},
		{"", accounts, ""},
		{"a", []string{"b"}, "b"},
		{"acme-us", []string{"acme-us"}, ""},
	} {
		if got := Closest(tc.name, tc.candidates); got != tc.want {
			t.Errorf("Closest(%q) = %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestSortDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.Custom(func(t *rapid.T) Diagnostic {
			return Diagnostic{
				Rule:     rapid.SampledFrom([]string{"schema", "sensitive-source"}).Draw(t, "rule"),
				Severity: rapid.SampledFrom([]Severity{Error, Warning, Info}).Draw(t, "severity"),
				Message:  rapid.SampledFrom([]string{"a", "b"}).Draw(t, "message"),
				Position: Position{
					File: rapid.SampledFrom([]string{"a.yaml", "b.yaml"}).Draw(t, "file"),
					Line: rapid.IntRange(0, 3).Draw(t, "line"), Column: rapid.IntRange(0, 3).Draw(t, "column"),
				},
			}
		})
		l := List(rapid.SliceOfN(one, 0, 12).Draw(t, "list"))
		m := rapid.Permutation(slices.Clone(l)).Draw(t, "permutation")
		l.Sort()
		m.Sort()
		if !slices.EqualFunc(l, m, func(a, b Diagnostic) bool { return a.Error() == b.Error() && a.Severity == b.Severity }) {
			t.Fatalf("%v\n%v", l, m)
		}
	})
}

func TestForgottenSeverityIsAnError(t *testing.T) {
	if !(List{{Rule: "schema"}}).HasErrors() {
		t.Fatal("a diagnostic without a severity must stop the run")
	}
}

// What reads the JSON need not ask whether there are related places.
func TestRelatedIsNeverNull(t *testing.T) {
	for _, tc := range []struct {
		d    Diagnostic
		want string
	}{
		{Diagnostic{Rule: "schema", Message: "a < b"}, `{"rule":"schema","severity":"error","message":"a \u003c b","file":"","line":0,"column":0,"related":[]}`},
		{
			Diagnostic{Rule: "schema", Related: []Related{{Position{"a.yaml", 1, 2, 0}, "the first"}}},
			`{"rule":"schema","severity":"error","message":"","file":"","line":0,"column":0,"related":[{"file":"a.yaml","line":1,"column":2,"message":"the first"}]}`,
		},
	} {
		got, err := json.Marshal(List{tc.d})
		if err != nil {
			t.Fatal(err)
		}
		if want := "[" + tc.want + "]"; string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
