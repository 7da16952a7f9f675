package schema_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"accord/schema"
	"accord/schema/load"
)

// examples are the examples of the language: resources of every kind.
func examples(t *testing.T) []*schema.Resource {
	t.Helper()
	r, err := load.Dir(t.Context(), os.DirFS("load/testdata/language"), load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Diagnostics) > 0 {
		t.Fatal(r.Diagnostics)
	}
	return slices.Concat(r.Config.All(), r.Tests)
}

func TestParseReadsCanonical(t *testing.T) {
	have := map[schema.Kind]bool{}
	for _, r := range examples(t) {
		have[r.Kind] = true
		first := r.Canonical()
		again, err := schema.Parse(first)
		if err != nil {
			t.Fatal(err)
		}
		if second := again.Canonical(); !bytes.Equal(first, second) {
			t.Errorf("%v: parsed and written again it is\n%s\nand was\n%s", r.Ref(), second, first)
		}
		again.Spec = again.Spec.Canonical()
		if third := again.Canonical(); !bytes.Equal(first, third) {
			t.Errorf("%v: the canonical form of the canonical form is\n%s\nand was\n%s", r.Ref(), third, first)
		}
	}
	for _, k := range schema.Kinds {
		if !have[k] {
			t.Errorf("no example of %s", k)
		}
	}
}

// Canonical leaves its receiver as it is: others hold it.
func TestCanonicalChangesNothing(t *testing.T) {
	for _, r := range examples(t) {
		before, err := json.Marshal(r.Spec)
		if err != nil {
			t.Fatal(err)
		}
		c := r.Spec.Canonical()
		if after, _ := json.Marshal(r.Spec); !bytes.Equal(before, after) {
			t.Errorf("%v: changed from\n%s\nto\n%s", r.Ref(), before, after)
		}
		if c.Kind() != r.Kind || r.Spec.Kind() != r.Kind {
			t.Errorf("%v: the spec is of %s, its canonical form of %s", r.Ref(), r.Spec.Kind(), c.Kind())
		}
	}
}

// What a user may write in several ways has one canonical form.
func TestCanonicalForm(t *testing.T) {
	for _, tc := range []struct {
		kind schema.Kind
		a, b string
		same bool
	}{
		{schema.KindOrganization, `{"primary":"a","accounts":["b","a"],"limits":"hubspot"}`, `{"primary":"a","accounts":["a","b"]}`, true},
		{schema.KindOrganization, `{"primary":"a","limits":"extended"}`, `{"primary":"a"}`, false},
		{schema.KindConnection, `{"between":["b","a"],"features":{"workflows":{"direction":"two-way"}}}`, `{"between":["a","b"],"features":{"workflows":{}}}`, true},
		{schema.KindConnection, `{"between":["a","b"],"features":{}}`, `{"between":["a","b"]}`, true},
		{schema.KindConnection, `{"between":["a","b"],"features":{"workflows":{}}}`, `{"between":["a","b"]}`, false},
		{schema.KindConnection, `{"between":["a","b"],"features":{"workflows":{"direction":"one-way","from":"a"}}}`, `{"between":["a","b"],"features":{"workflows":{"direction":"one-way","from":"b"}}}`, false},
		{schema.KindAccount, `{"platform":"hubspot","type":"standard","status":"active","sensitiveData":false,"subscriptions":{},"apps":[]}`, `{"platform":"hubspot"}`, true},
		{schema.KindAccount, `{"platform":"brevo","apps":["b","a"]}`, `{"platform":"brevo","apps":["a","b"]}`, true},
		{
			schema.KindUser, `{"email":"a@b","access":[{"account":"y","seats":["sales","core"]},{"account":"x","sees":{"contacts":"all","companies":"all"}}]}`,
			`{"email":"a@b","access":[{"account":"x"},{"account":"y","seats":["core","sales"]}]}`, true,
		},
		{schema.KindUser, `{"email":"a@b","access":[{"account":"x","sees":{"contacts":"none"}}]}`, `{"email":"a@b","access":[{"account":"x"}]}`, false},
		{schema.KindUser, `{"email":"a@b","access":[]}`, `{"email":"a@b"}`, true},
		{schema.KindProperty, `{"accounts":["a"],"object":"deal","type":"enumeration","options":[{"value":"x","label":"x"},"y"]}`, `{"accounts":["a"],"object":"deal","type":"enumeration","options":["x",{"value":"y"}]}`, true},
		{schema.KindProperty, `{"object":"deal","type":"enumeration","options":["x","y"]}`, `{"object":"deal","type":"enumeration","options":["y","x"]}`, false},
		{schema.KindPipeline, `{"object":"deal","label":"x","stages":[{"id":"a","label":"a","probability":0}]}`, `{"label":"x","stages":[{"id":"a"}]}`, true},
		{schema.KindPipeline, `{"label":"x","stages":[{"id":"a"},{"id":"b"}]}`, `{"label":"x","stages":[{"id":"b"},{"id":"a"}]}`, false},
		{schema.KindList, `{"object":"contact","label":"x","membership":"manual"}`, `{"label":"x"}`, true},
		{schema.KindList, `{"label":"x","membership":{"where":" a == b\n"}}`, `{"label":"x","membership":{"where":"a == b"}}`, true},
		{schema.KindEmail, `{"label":"x","body":{"file":"a.html","text":"t"}}`, `{"label":"x","body":{"text":"t"}}`, true},
		{schema.KindAssetCopy, `{"from":"a","to":["c","b"],"assets":[{"list":"x"}],"onChange":"once"}`, `{"from":"a","to":["b","c"],"assets":[{"list":"x"}]}`, true},
		{
			schema.KindPartner, `{"account":"a","program":"solutions-partner","clients":["c","b"],"clientAccess":[{"user":"z","accounts":["c","b"]},{"user":"y","accounts":["b"]}]}`,
			`{"account":"a","clients":["b","c"],"clientAccess":[{"user":"y","accounts":["b"]},{"user":"z","accounts":["b","c"]}]}`, true,
		},
		{schema.KindPolicy, `{"on":"change","severity":"error","where":"a ","message":"m"}`, `{"on":"change","where":"a","message":"m"}`, true},
		{schema.KindWorkflow, `{"account":"a","enabled":true,"reenroll":false,"trigger":{"on":"manual"},"breaker":{"perRecord":"20/h","perWorkflow":"1000/h"},"steps":[]}`, `{"account":"a","trigger":{"on":"manual"},"steps":[]}`, true},
		{schema.KindWorkflow, `{"account":"a","enabled":false,"trigger":{"on":"manual"},"steps":[]}`, `{"account":"a","trigger":{"on":"manual"},"steps":[]}`, false},
		{schema.KindWorkflow, `{"account":"a","reenroll":true,"trigger":{"on":"manual"},"steps":[]}`, `{"account":"a","reenroll":{},"trigger":{"on":"manual"},"steps":[]}`, true},
		{
			schema.KindWorkflow, `{"account":"a","trigger":{"on":"manual"},"steps":[{"upsertContact":{"in":"b","target":"enrolled","existing":"keep","properties":["lastname","email","firstname"],"marketingContact":false}}]}`,
			`{"account":"a","trigger":{"on":"manual"},"steps":[{"upsertContact":{"in":"b","target":"enrolled","marketingContact":false}}]}`, true,
		},
		{
			schema.KindWorkflow, `{"account":"a","trigger":{"on":"manual"},"steps":[{"upsertContact":{"in":"b","target":"enrolled","marketingContact":false}}]}`,
			`{"account":"a","trigger":{"on":"manual"},"steps":[{"upsertContact":{"in":"b","target":"enrolled"}}]}`, false,
		},
		{schema.KindWorkflow, `{"account":"a","trigger":{"on":"manual"},"steps":[{"assignOwner":{"rotate":[{"user":"b","weight":1},"c"]}}]}`, `{"account":"a","trigger":{"on":"manual"},"steps":[{"assignOwner":{"rotate":["b",{"user":"c"}]}}]}`, true},
		{schema.KindWorkflow, `{"account":"a","trigger":{"on":"manual"},"steps":[{"setSubscriptions":{"n":{"status":"subscribed"}}}]}`, `{"account":"a","trigger":{"on":"manual"},"steps":[{"setSubscriptions":{"n":"subscribed"}}]}`, true},
		{schema.KindWorkflow, `{"account":"a","trigger":{"on":"manual"},"steps":[{"setProperties":{"n":null}}]}`, `{"account":"a","trigger":{"on":"manual"},"steps":[{"setProperties":{"n":""}}]}`, false},
		{schema.KindWorkflow, `{"account":"a","trigger":{"on":"manual"},"steps":[{"wait":"1h"},{"wait":"2h"}]}`, `{"account":"a","trigger":{"on":"manual"},"steps":[{"wait":"2h"},{"wait":"1h"}]}`, false},
		{schema.KindProject, `{}`, `null`, true},
	} {
		form := func(body string) []byte {
			s, err := schema.ParseSpec(tc.kind, []byte(body))
			if err != nil {
				t.Fatalf("%s %s: %v", tc.kind, body, err)
			}
			return (&schema.Resource{Kind: tc.kind, Name: "x", Spec: s}).Canonical()
		}
		if a, b := form(tc.a), form(tc.b); bytes.Equal(a, b) != tc.same {
			t.Errorf("%s: same is %v, want %v:\n%s\n%s", tc.kind, !tc.same, tc.same, a, b)
		}
	}
}

// Sets may be written in any order.
func TestOrderOfSetsDoesNotMatter(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(t *rapid.T) {
		shuffled := rapid.Permutation(names).Draw(t, "names")
		for kind, spec := range map[schema.Kind]func([]string) schema.Spec{
			schema.KindOrganization: func(s []string) schema.Spec { return &schema.Organization{Primary: "a", Accounts: s} },
			schema.KindAssetCopy:    func(s []string) schema.Spec { return &schema.AssetCopy{From: "z", To: s} },
			schema.KindPartner:      func(s []string) schema.Spec { return &schema.Partner{Account: "z", Clients: s} },
			schema.KindForm:         func(s []string) schema.Spec { return &schema.Form{Placement: schema.Placement{Accounts: s}} },
		} {
			form := func(s []string) []byte {
				return (&schema.Resource{Kind: kind, Name: "x", Spec: spec(s)}).Canonical()
			}
			if got, want := form(shuffled), form(names); !bytes.Equal(got, want) {
				t.Fatalf("%s: %s, want %s", kind, got, want)
			}
		}
	})
}

func TestCanonicalEnvelope(t *testing.T) {
	base := schema.Resource{Kind: schema.KindProject, Name: "p", Spec: &schema.Project{}}
	form := func(change func(*schema.Resource)) string {
		r := base
		change(&r)
		return string(r.Canonical())
	}
	plain := form(func(*schema.Resource) {})
	if want := `{"apiVersion":"accord/v1","kind":"Project","metadata":{"name":"p"},"spec":{}}`; plain != want {
		t.Errorf("got %s, want %s", plain, want)
	}
	for name, tc := range map[string]struct {
		change func(*schema.Resource)
		same   bool
	}{
		"origin":       {func(r *schema.Resource) { r.Origin = schema.Origin{File: "a.yaml", Line: 3} }, true},
		"renamed from": {func(r *schema.Resource) { r.RenamedFrom = "q" }, true},
		"no labels":    {func(r *schema.Resource) { r.Labels = map[string]string{} }, true},
		"labels":       {func(r *schema.Resource) { r.Labels = map[string]string{"a": "b"} }, false},
		"description":  {func(r *schema.Resource) { r.Description = "<b> & \"c\"" }, false},
		"protection":   {func(r *schema.Resource) { r.PreventDestroy = true }, false},
		"name":         {func(r *schema.Resource) { r.Name = "q" }, false},
	} {
		if got := form(tc.change); (got == plain) != tc.same {
			t.Errorf("%s: same is %v, want %v: %s", name, !tc.same, tc.same, got)
		}
	}
}

func TestParseRefusesWhatIsNoResource(t *testing.T) {
	for _, text := range []string{"", "null", "{}", "[]", `{"kind":"Acount"}`, `{"kind":"Account","spec":[]}`, `{"kind":"Account","metadata":[]}`, `{"kind":"Workflow","spec":{"steps":[{"createDeal":{"pipeline":[]}}]}}`} {
		if r, err := schema.Parse([]byte(text)); err == nil {
			t.Errorf("Parse(%s) = %v", text, r.Ref())
		}
	}
}

func TestPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Custom(func(t *rapid.T) schema.Element {
			if rapid.Bool().Draw(t, "index") {
				return schema.Element{Index: rapid.IntRange(0, 1000).Draw(t, "i")}
			}
			return schema.Element{Key: rapid.StringN(1, 8, -1).Draw(t, "key")}
		})).Draw(t, "elements")
		var p schema.Path
		for _, e := range want {
			if e.Key != "" {
				p = p.Key(e.Key)
			} else {
				p = p.Index(e.Index)
			}
		}
		for _, q := range []schema.Path{p, p.AtKey()} {
			if got := q.Elements(); !slices.Equal(got, want) {
				t.Fatalf("%s has elements %v, want %v", q, got, want)
			}
		}
		if _, is := p.IsKey(); is {
			t.Fatalf("%s is said to be the place of a key", p)
		}
		if entry, is := p.AtKey().IsKey(); !is || entry != p {
			t.Fatalf("%s: the entry of its key is %s", p, entry)
		}
	})
	if got, want := schema.Path("spec").Key("steps").Index(0).Key("a.b").Key("wait"), schema.Path(`spec.steps[0]["a.b"].wait`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, malformed := range []schema.Path{"a[", "a[x]", `a["b`, "a..b", "["} {
		malformed.Elements() // does not panic
	}
}

func TestRef(t *testing.T) {
	for text, want := range map[string]schema.Ref{
		"Connection/de-us": {Kind: schema.KindConnection, Name: "de-us"}, "Account/a/b": {Kind: schema.KindAccount, Name: "a/b"},
		"": {}, "Connection": {}, "Connection/": {}, "Conection/x": {}, "/x": {},
	} {
		got, err := schema.ParseRef(text)
		if got != want || (err == nil) == want.IsZero() {
			t.Errorf("ParseRef(%q) = %v, %v", text, got, err)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
	sorted := []schema.Ref{{schema.KindProject, "z"}, {schema.KindAccount, "a"}, {schema.KindAccount, "b"}, {schema.KindUser, "a"}, {schema.KindWorkflowTest, "a"}}
	shuffled := slices.Clone(sorted)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	slices.SortFunc(shuffled, schema.Ref.Compare)
	if !slices.Equal(shuffled, sorted) {
		t.Errorf("sorted: %v", shuffled)
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]schema.Rate{
		"20/h": {Count: 20, Per: time.Hour}, "1/s": {Count: 1, Per: time.Second}, "5/m": {Count: 5, Per: time.Minute},
		"1000/d": {Count: 1000, Per: 24 * time.Hour}, "100/w": {Count: 100, Per: 7 * 24 * time.Hour},
		"": {}, "20": {}, "/h": {}, "0/h": {}, "-1/h": {}, "1/y": {}, "1/hour": {}, "1.5/h": {}, "1/h/h": {}, "+1/h": {},
	} {
		got, err := schema.ParseRate(text)
		if got != want || (err == nil) == (want == schema.Rate{}) {
			t.Errorf("ParseRate(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

// The JSON that a spec writes is the JSON that it reads, canonical or not.
func TestSpecsComeBackFromJSON(t *testing.T) {
	for _, r := range examples(t) {
		body, err := json.Marshal(r.Spec)
		if err != nil {
			t.Fatal(err)
		}
		again, err := schema.ParseSpec(r.Kind, body)
		if err != nil {
			t.Fatalf("%v: %v", r.Ref(), err)
		}
		if !reflect.DeepEqual(again.Canonical(), r.Spec.Canonical()) {
			t.Errorf("%v: %+v, want %+v", r.Ref(), again, r.Spec)
		}
	}
}
