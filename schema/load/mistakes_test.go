package load

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// mistake is one mistake in a document: the line with the mark is where the
// finding has to be.
type mistake struct {
	name    string
	rule    string
	text    string // «» marks what the finding points at
	message string
	help    string // a part of it
}

var mistakes = []mistake{
	{
		"unknown field", "schema", "kind: Account\nmetadata: {name: m}\nspec:\n  «platfrom»: hubspot\n  hosting: eu1\n",
		`unknown field "platfrom" in spec`, `Did you mean "platform"?`,
	},
	{
		"unknown field far from all", "schema", "kind: SubscriptionType\nmetadata: {name: m}\nspec:\n  accounts: [a]\n  label: x\n  «zzz»: 1\n",
		`unknown field "zzz" in spec`, "Fields here: accountLabels, accounts, label.",
	},
	{
		"unknown field at the top", "schema", "kind: User\nmetadata: {name: m}\nspec: {email: a@b.example}\n«specs»: {}\n",
		`unknown field "specs"`, `Did you mean "spec"?`,
	},
	{"not accord's", "schema", "«just»: a config # apiVersion\nother: 1\n", "not an accord document: it has no apiVersion, kind and metadata", "`resources`"},
	{"an empty map", "schema", "«{}» # apiVersion\n", "not an accord document: it has no apiVersion, kind and metadata", "`resources`"},
	{"unknown kind", "schema", "kind: «Acount»\nmetadata: {name: m}\nspec: {}\n", `kind cannot be "Acount"`, `Did you mean "Account"?`},
	{"missing kind", "schema", "«apiVersion»: accord/v1\nmetadata: {name: m}\nspec: {}\n", `the document lacks "kind"`, "accord.yaml"},
	{"missing version", "schema", "«kind»: User\nmetadata: {name: m, description: no apiVersion}\nspec: {email: a@b.example}\n", `the document lacks "apiVersion"`, "apiVersion: accord/v1"},
	{"wrong version", "schema", "apiVersion: «accord/v2»\nkind: User\nmetadata: {name: m}\nspec: {email: a@b.example}\n", `apiVersion cannot be "accord/v2"`, `Did you mean "accord/v1"?`},
	{"missing metadata", "schema", "«apiVersion»: accord/v1\nkind: User\nspec: {email: a@b.example}\n", `the document lacks "metadata"`, "What the resource is called."},
	{"missing name", "schema", "kind: User\n«metadata»:\n  labels: {a: b}\nspec: {email: a@b.example}\n", `metadata lacks "name"`, "unique"},
	{"name is no label", "schema", "kind: User\nmetadata: {name: «Anna»}\nspec: {email: a@b.example}\n", `metadata.name cannot be "Anna"`, "DNS label"},
	{"missing field", "schema", "kind: Account\nmetadata: {name: m}\n«spec»:\n  hosting: eu1\n", `spec lacks "platform"`, "Whose rules apply."},
	{"hosting needed by hubspot", "schema", "kind: Account\nmetadata: {name: m}\n«spec»: {platform: hubspot}\n", `spec lacks "hosting"`, ""},
	{"plan on hubspot", "schema", "kind: Account\nmetadata: {name: m}\nspec: {platform: hubspot, hosting: eu1, «plan»: premium}\n", "`plan` is for brevo accounts: a hubspot account has `subscriptions`", "Remove it."},
	{"wrong word", "schema", "kind: Account\nmetadata: {name: m}\nspec:\n  platform: «hubspt»\n", `spec.platform cannot be "hubspt"`, `Did you mean "hubspot"?`},
	{"wrong word far from all", "schema", "kind: Account\nmetadata: {name: m}\nspec: {platform: brevo, plan: «ultimate»}\n", `spec.plan cannot be "ultimate"`, "Allowed: free, starter, standard, professional, premium, enterprise."},
	{"unknown hub", "schema", "kind: Account\nmetadata: {name: m}\nspec: {platform: hubspot, hosting: eu1, subscriptions: {«marketng»: free}}\n", `unknown field "marketng" in spec.subscriptions`, `Did you mean "marketing"?`},
	{"text for true or false", "schema", "kind: User\nmetadata: {name: m}\nspec: {email: a@b.example, twoFactor: «\"yes\"»}\n", "spec.twoFactor is text; it has to be true or false", ""},
	{"number for text", "schema", "kind: User\nmetadata: {name: m, labels: {version: «1.10»}}\nspec: {email: a@b.example}\n", "metadata.labels.version is a number; it has to be text", `Put it in quotes: "1.10".`},
	{"text for a list", "schema", "kind: Form\nmetadata: {name: m}\nspec: {accounts: [a], label: x, fields: «email»}\n", "spec.fields is text; it has to be a list", ""},
	{"list for a map", "schema", "kind: Connection\nmetadata: {name: m}\nspec: {between: [a, b], features: «[workflows]»}\n", "spec.features is a list; it has to be a map", ""},
	{"empty field", "schema", "kind: Connection\nmetadata: {name: m}\nspec:\n  between: [a, b]\n  features:\n    «dataMirroring»:\n", "spec.features.dataMirroring is empty; it has to be a map", "Remove the field"},
	{"three accounts in a connection", "schema", "kind: Connection\nmetadata: {name: m}\nspec:\n  between: «[a, b, c]»\n", "a connection is between two accounts", ""},
	{"no step", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps: «[]»\n", "spec.steps is empty: it needs at least one", ""},
	{"step without an action", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps:\n    - «id»: x\n", "spec.steps[0] needs one of upsertContact, createDeal, assignOwner, setProperties, setMarketingContact, setSubscriptions, wait, if", ""},
	{"step with two actions", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps:\n    - setMarketingContact: true\n      «wait»: 1h\n", "spec.steps[0] has setMarketingContact and wait; it takes one of them", ""},
	{"misspelled action", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps:\n    - «upsertContct»: {in: a, target: enrolled}\n", `unknown field "upsertContct" in spec.steps[0]`, `Did you mean "upsertContact"?`},
	{"if without then", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps:\n    - «if»: contact.email == \"\"\n", `spec.steps[0] lacks "then"`, ""},
	{"wrong duration", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps: [{wait: «48 h»}]\n", `spec.steps[0].wait cannot be "48 h"`, `Did you mean "48h"?`},
	{"wrong rate", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  breaker: {perRecord: «lots»}\n  steps: [{wait: 48h}]\n", `spec.breaker.perRecord cannot be "lots"`, "A rate is a count"},
	{"wrong trigger", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: «deal.propertychanged», property: amount}\n  steps: [{wait: 48h}]\n", `spec.trigger.on cannot be "deal.propertychanged"`, `Did you mean "deal.property-changed"?`},
	{"trigger without its property", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  «trigger»: {on: deal.property-changed}\n  steps: [{wait: 48h}]\n", `spec.trigger lacks "property"`, ""},
	{"trigger with what is another's", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: deal.created, «form»: f}\n  steps: [{wait: 48h}]\n", "`form` goes with form.submitted", "Remove it."},
	{"pipeline without a stage", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: deal.created}\n  steps: [{createDeal: {in: b, target: enrolled, «pipeline»: {name: sales}}}]\n", `spec.steps[0].createDeal.pipeline lacks "stage"`, ""},
	{"wrong word for a pipeline", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: deal.created}\n  steps: [{createDeal: {in: b, target: enrolled, pipeline: «sorce»}}]\n", `spec.steps[0].createDeal.pipeline cannot be "sorce"`, `Did you mean "source"?`},
	{"legal basis", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps: [{setSubscriptions: {news: {status: subscribed, legalBasis: «consnt»}}}]\n", `spec.steps[0].setSubscriptions.news.legalBasis cannot be "consnt"`, `Did you mean "consent"?`},
	{"owner of two kinds", "schema", "kind: Workflow\nmetadata: {name: m}\nspec:\n  account: a\n  trigger: {on: manual, object: contact}\n  steps: [{assignOwner: {user: anna, «none»: true}}]\n", "spec.steps[0].assignOwner has user and none; it takes one of them", ""},
	{"no place", "schema", "kind: SubscriptionType\nmetadata: {name: m}\n«spec»:\n  label: x\n", "spec needs `accounts` or `accountLabels`: the accounts that the object lives in", "accounts, accountLabels"},
	{"probability", "schema", "kind: Pipeline\nmetadata: {name: m}\nspec: {accounts: [a], label: x, stages: [{id: a, probability: «2»}]}\n", "spec.stages[0].probability is 2; it has to be at most 1", ""},
	{"options of a text", "schema", "kind: Property\nmetadata: {name: m}\nspec: {accounts: [a], object: deal, type: string, «options»: [a]}\n", "only a property of type enumeration has `options`", "Remove it."},
	{"duplicate key", "schema", "kind: User\nmetadata: {name: m}\nspec:\n  email: a@b.example\n  «email»: c@b.example\n", `the key "email" stands twice in the same map`, "Remove one"},
	{"secret", "secret-inline", "kind: Account\nmetadata: {name: m}\nspec: {platform: brevo, api: {token: «s3cr3t»}}\n", "a secret is written in the YAML", "{env: NAME}"},
	{"secret of a known form", "secret-inline", "kind: User\nmetadata: {name: m, description: see «pat-eu1-01234567-89ab-cdef-0123-456789abcdef»}\nspec: {email: a@b.example}\n", "a secret is written in the YAML", "revoke"},
	{"no file", "schema", "kind: Email\nmetadata: {name: m}\nspec: {accounts: [a], label: x, body: {file: «nowhere.html»}}\n", "nowhere.html: the file does not exist, or is a link to nothing", "relative to the root"},
	{"file outside", "schema", "kind: Email\nmetadata: {name: m}\nspec: {accounts: [a], label: x, body: {file: «../x.html»}}\n", "the file ../x.html is outside the project", ""},
	{"colon in a text", "yaml-syntax", "kind: User\nmetadata: {name: m}\nspec:\n  email: a@b.example\n  x: a«:» b\n", "a `:` stands where no new key can begin", "quotes"},
	{"tab", "yaml-syntax", "kind: User\nmetadata: {name: m}\nspec:\n«\t»email: a@b.example\n", "a tab stands in the indentation", "spaces"},
	{"indentation", "yaml-syntax", "kind: User\nmetadata: {name: m}\nspec:\n  email: a@b.example\n «t»woFactor: true\n", "this line does not fit the lines above it", "same column"},
}

// place finds the marked text: the document without the marks, and where it was.
func (m mistake) place() (text string, line, column, endColumn int) {
	before, rest, _ := strings.Cut(m.text, "«")
	marked, after, ok := strings.Cut(rest, "»")
	if !ok {
		panic(m.name + " has no mark")
	}
	if !strings.Contains(m.text, "apiVersion") {
		before = "apiVersion: accord/v1\n" + before
	}
	line = strings.Count(before, "\n") + 1
	column = len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return before + marked + after, line, column, column + len([]rune(marked))
}

func TestMistakes(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			text, line, column, end := m.place()
			r, err := Dir(t.Context(), fstest.MapFS{"a.yaml": {Data: []byte(text)}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Diagnostics) != 1 {
				t.Fatalf("%d findings, want 1:\n%v", len(r.Diagnostics), r.Diagnostics)
			}
			d := r.Diagnostics[0]
			if d.Rule != m.rule || d.Message != m.message || !strings.Contains(d.Help, m.help) {
				t.Errorf("got  %s: %s\n  help %s\nwant %s: %s\n  help %s", d.Rule, d.Message, d.Help, m.rule, m.message, m.help)
			}
			if d.Line != line || d.Column != column || m.rule != "yaml-syntax" && d.EndColumn != end {
				t.Errorf("at %d:%d-%d, want %d:%d-%d: %s", d.Line, d.Column, d.EndColumn, line, column, end, r.Line("a.yaml", d.Line))
			}
			if n := len(r.Config.All()); n != 0 && m.rule != "secret-inline" {
				t.Errorf("%d resources are in the configuration, want none", n)
			}
		})
	}
}

// All mistakes of a folder are found in one run, each once, beside what is sound.
func TestAllMistakesInOneRun(t *testing.T) {
	fsys := fstest.MapFS{}
	want := map[string]int{}
	var several strings.Builder
	lines := 0
	for i, m := range mistakes {
		text, line, _, _ := m.place()
		text = strings.ReplaceAll(text, "name: m", fmt.Sprintf("name: m%d", i))
		sound := fmt.Sprintf("apiVersion: accord/v1\nkind: User\nmetadata: {name: sound-%d}\nspec: {email: a@b.example}\n", i)
		if i%2 == 0 { // half of them in one file
			all := text + "---\n" + sound + "---\n"
			want[fmt.Sprintf("several.yaml:%d", lines+line)]++
			lines += strings.Count(all, "\n")
			several.WriteString(all)
			continue
		}
		name := fmt.Sprintf("folder/%d.yaml", i)
		fsys[name] = &fstest.MapFile{Data: []byte(sound + "---\n" + text)}
		want[fmt.Sprintf("%s:%d", name, line+5)]++
	}
	fsys["several.yaml"] = &fstest.MapFile{Data: []byte(several.String())}
	if len(mistakes) < 40 {
		t.Fatalf("%d mistakes, want 40 at least", len(mistakes))
	}
	r, err := Dir(t.Context(), fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Diagnostics {
		at := fmt.Sprintf("%s:%d", d.File, d.Line)
		want[at]--
		if want[at] < 0 {
			t.Errorf("unexpected: %v", d)
		}
	}
	for at, n := range want {
		if n > 0 {
			t.Errorf("nothing is found at %s", at)
		}
	}
	for i := range mistakes {
		if r.Config.User(fmt.Sprintf("sound-%d", i)) == nil {
			t.Errorf("sound-%d was lost", i)
		}
	}
}
