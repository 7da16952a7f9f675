package check

import (
	"slices"

	"accord/diag"
	"accord/schema"
)

var structureRules = []*Rule{
	{
		Name: "yaml-syntax", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "Every file is YAML, in UTF-8, and within what a person would write.",
		Reason: `What is not YAML cannot be read: a tab or a wrong indentation, bytes that are not UTF-8, nesting that
is too deep, aliases that unfold without end, a document over 4 MiB. The documents of the other
files are checked all the same.`,
		Breaks: example("kind: Account\nmetadata: {name: acme-de}\nspec:\n\tplatform: hubspot\n"),
		Holds:  example(exampleDE),
	},
	{
		Name: "schema", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "Every field is known to its kind, of its type and among its values, and none that is required is missing.",
		Reason: `A field that nobody reads is a mistake that nobody sees, so it is refused; so is a key that is written
twice. accord schema KIND prints what a kind takes. In the Project the severities of rules that
are errors cannot be changed, and rules have to exist. What every account has, such as the contact
property country, cannot be declared with another type or other options.`,
		Breaks: example(`
kind: Account
metadata: {name: acme-de}
spec: {platform: hubspot, hostng: eu1}
`),
		Holds: example(exampleDE),
		check: checkSchema,
	},
	{
		Name: "duplicate-resource", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "No two documents have the same address, and no two declare the same object of an account.",
		Reason: `Which of the two would hold is nothing to guess. An address is the kind and the name; an object of an
account is found again by the internal name of a property, and by the label of a pipeline, a
list, a form, an email or a subscription type. Rename or remove one of the two.`,
		Breaks: example(exampleDE, exampleDE),
		Holds:  example(exampleDE, exampleUS),
		check:  checkSameObject,
	},
	{
		Name: "reference-unknown", Warns: true, When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A name refers to something of that kind, and where it has to be in an account, to something that is there; " +
			"a selector that selects no account is a warning.",
		Reason: `References are the names of other documents. Correct the name, declare what is missing, or add the
account to the accounts of what is used there.`,
		Breaks: example(`
kind: Connection
metadata: {name: de-us}
spec:
  between: [acme-de, acme-su]
  features: {workflows: {}}
`, exampleDE, exampleUS, exampleAdmin, exampleOrganization),
		Holds: exampleGroup(exampleConnection),
		check: checkReferences,
	},
	{
		Name: "secret-inline", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "No token stands in the YAML.",
		Reason: `What is committed is read by everyone who reads the repository, for ever. Name the environment variable
or the file that holds the token, and replace the token itself: it has been seen.`,
		Breaks: example(`
kind: Account
metadata: {name: acme-de}
spec:
  platform: hubspot
  hosting: eu1
  api: {portalId: 4711, token: pat-eu1-00000000-0000-0000-0000-000000000000}
`),
		Holds: example(`
kind: Account
metadata: {name: acme-de}
spec:
  platform: hubspot
  hosting: eu1
  api: {portalId: 4711, token: {env: ACME_DE_TOKEN}}
`),
	},
	{
		Name: "prevent-destroy", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A plan deletes no resource that is protected by lifecycle.preventDestroy.",
		Reason: `The protection is stored with what was applied, so that removing the document does not remove it.
Apply the resource without preventDestroy first, then remove it.`,
		Example: "A resource that was applied with `lifecycle: {preventDestroy: true}` breaks it when its document is removed,\n" +
			"or when it can only be replaced. It holds where the document stays, or was applied without the protection before.",
	},
}

// checkSchema finds what a JSON Schema of one document cannot see, or not say
// well.
func checkSchema(p *pass) {
	checkRenames(p)
	checkSeverities(p)
	checkTwice(p)
	checkStandard(p)
	checkWorkflowValues(p)
}

func checkRenames(p *pass) {
	from := map[schema.Ref]*schema.Resource{}
	for _, r := range p.All() {
		if r.RenamedFrom == "" {
			continue
		}
		old := schema.Ref{Kind: r.Kind, Name: r.RenamedFrom}
		at := schema.Path("metadata").Key("renamedFrom")
		if r.RenamedFrom == r.Name {
			p.report(r, at, "%v is renamed from its own name", old).help("Leave `renamedFrom` out.")
		} else if other := p.Get(old); other != nil {
			p.report(r, at, "%v is declared still, so %s is no new name of it", old, r.Name).
				help("Remove %s, or leave `renamedFrom` out.", where(other)).
				see(other, schema.Path("metadata").Key("name"), "%v is declared here", old)
		} else if first := from[old]; first != nil {
			p.report(r, at, "%v is renamed to %s already", old, first.Name).
				help("One resource has one new name: leave `renamedFrom` out of one of the two.").
				see(first, at, "renamed to %s here", first.Name)
		} else {
			from[old] = r
		}
	}
}

// checkSeverities holds the project to what it may change. The list of rules is
// that of the pass, because a rule cannot look at the slice that it stands in.
func checkSeverities(p *pass) {
	project := p.Project()
	if project == nil {
		return
	}
	names := make([]string, len(p.rules))
	for i, r := range p.rules {
		names[i] = r.Name
	}
	for name, severity := range p.ProjectSpec().Rules {
		at := spec.Key("rules").Key(name)
		i := slices.Index(names, name)
		if i < 0 {
			f := p.report(project, at.AtKey(), "there is no rule %s", name).help("accord rules lists the rules.")
			if did := diag.DidYouMean(name, names); did != "" {
				f.help("%s", did)
			}
			continue
		}
		if r := p.rules[i]; !r.Changeable() && severity != r.Severity.String() {
			p.report(project, at, "%s is an error of the product and stays one", name).
				help("Only warnings and infos can be changed: remove the line. accord explain %s says why the rule holds.", name)
		}
	}
}

// checkStandard finds declarations that make something else of what every
// account has. One that says what is there already changes nothing. The
// cross-selling opportunity comes with a connection and is held to likewise.
func checkStandard(p *pass) {
	for _, r := range p.Of(schema.KindProperty) {
		s := r.Spec.(*schema.Property)
		name, values := s.InternalName(r.Name), optionValues(s)
		standard := schema.StandardProperties[s.Object]
		if i := slices.IndexFunc(standard, func(of schema.StandardProperty) bool { return of.Name == name }); i >= 0 {
			var what string
			switch of := standard[i]; {
			case s.Type != of.Type:
				what = "of type " + of.Type
			case !slices.Equal(slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(of.Options))):
				what = "with options of its own"
			default:
				continue
			}
			p.report(r, internalName(s), "every account has the %s property %s, %s", s.Object, name, what).
				help("Leave %v out, or give it another name.", r.Ref())
			continue
		}
		if name != schema.CrossSellProperty || s.Object != schema.Contact && s.Object != schema.Deal {
			continue
		}
		const help = "Leave %v out: it comes with a workflows connection. Or declare it as an enumeration with the options yes and no."
		switch {
		case s.Type != schema.TypeEnumeration:
			p.report(r, spec.Key("type"), "%s is an enumeration, and no %s", name, s.Type).help(help, r.Ref())
		case !slices.Equal(slices.Sorted(slices.Values(values)), []string{schema.CrossSellNo, schema.CrossSellYes}):
			p.report(r, spec.Key("options"), "%s has the options yes and no, and not %s", name, sentence(values)).help(help, r.Ref())
		}
	}
}

func optionValues(s *schema.Property) []string {
	out := make([]string, len(s.Options))
	for i, o := range s.Options {
		out[i] = o.Value
	}
	return out
}

// internalName is where the internal name of a property is written.
func internalName(s *schema.Property) schema.Path {
	if s.Name == "" {
		return nameField
	}
	return spec.Key("name")
}

// checkTwice finds names that have to be different inside one document.
func checkTwice(p *pass) {
	for _, r := range p.All() {
		switch s := r.Spec.(type) {
		case *schema.Organization:
			differentNames(p, r, spec.Key("accounts"), s.Accounts)
		case *schema.AssetCopy:
			differentNames(p, r, spec.Key("to"), s.To)
		case *schema.Partner:
			differentNames(p, r, spec.Key("clients"), s.Clients)
		case *schema.User:
			different(p, r, s.Access, func(a schema.Access) string { return a.Account },
				func(i int) schema.Path { return spec.Key("access").Index(i).Key("account") },
				"access to %s is there twice", "Say in one entry what the user may do there.")
		case *schema.Pipeline:
			different(p, r, s.Stages, func(s schema.Stage) string { return s.ID },
				func(i int) schema.Path { return spec.Key("stages").Index(i).Key("id") },
				"the stage %s is there twice", "Stages are told apart by their id: rename or remove one.")
			different(p, r, s.Stages, func(s schema.Stage) string { return s.Label },
				func(i int) schema.Path { return spec.Key("stages").Index(i).Key("label") },
				"two stages have the label %q", "A deal finds its stage in another account by the label: change one of the two.")
		case *schema.Property:
			different(p, r, s.Options, func(o schema.Option) string { return o.Value },
				func(i int) schema.Path { return spec.Key("options").Index(i) },
				"the option %q is there twice", "Remove one of the two.")
		case *schema.Form:
			differentNames(p, r, spec.Key("fields"), s.Fields)
		}
		if s, ok := r.Spec.(schema.Placed); ok {
			differentNames(p, r, spec.Key("accounts"), s.Place().Accounts)
		}
	}
	for w := range p.workflows() {
		different(p, w.r, w.steps, func(s schema.StepAt) string { return s.ID },
			func(i int) schema.Path { return w.steps[i].Path.Key("id") },
			"the step id %s is there twice", "Enrollments in flight stand at a step by its id: rename one of the two.")
	}
}

func differentNames(p *pass, r *schema.Resource, at schema.Path, names []string) {
	different(p, r, names, func(n string) string { return n }, at.Index, "%s is there twice", "Remove one of the two.")
}

// different reports each value whose name came before; "" is no name. Most lists
// are short, and a map for each of them would cost more than it saves.
func different[T any](p *pass, r *schema.Resource, values []T, name func(T) string, at func(int) schema.Path, message, help string) {
	const short = 16
	var first map[string]int
	if len(values) > short {
		first = make(map[string]int, len(values))
	}
	for i, v := range values {
		n := name(v)
		if n == "" {
			continue
		}
		before := i
		if first == nil {
			before = slices.IndexFunc(values, func(v T) bool { return name(v) == n })
		} else if was, ok := first[n]; ok {
			before = was
		} else {
			first[n] = i
		}
		if before < i {
			p.report(r, at(i), message, n).help("%s", help).see(r, at(before), "the first one")
		}
	}
}

// checkSameObject finds resources that are the same object of an account under
// two addresses: each apply would turn it into the other.
func checkSameObject(p *pass) {
	type key struct {
		kind     schema.Kind
		of, name string
	}
	type pair struct{ r, first *schema.Resource }
	first := map[key]*schema.Resource{}
	same := map[pair][]string{} // → accounts
	for _, a := range p.Of(schema.KindAccount) {
		clear(first)
		for _, r := range p.In(a.Name) {
			k := key{kind: r.Kind}
			k.of, k.name = objectName(r)
			if k.name == "" {
				continue
			}
			if other := first[k]; other == nil {
				first[k] = r
			} else {
				same[pair{r, other}] = append(same[pair{r, other}], a.Name)
			}
		}
	}
	for at, accounts := range same {
		_, name := objectName(at.r)
		field := spec.Key("label")
		if s, ok := at.r.Spec.(*schema.Property); ok {
			field = internalName(s)
		}
		p.report(at.r, field, "%v is %v in %s: both are the %s %q", at.r.Ref(), at.first.Ref(), sentence(accounts), at.r.Kind, name).
			help("Remove one of the two, rename it, or place them in different accounts.").
			see(at.first, field, "%v", at.first.Ref())
	}
}

// objectName is what an object of an account is found again by, besides its
// kind: the object that it is of, such as contact, and its label or, of a
// property, its internal name.
func objectName(r *schema.Resource) (of, name string) {
	switch s := r.Spec.(type) {
	case *schema.Property:
		return s.Object, s.InternalName(r.Name)
	case *schema.Pipeline:
		return s.ObjectName(), s.Label
	case *schema.List:
		return s.ObjectName(), s.Label
	}
	return "", label(r)
}
