package schema

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// DependsOn returns the addresses that have to be applied before the resource:
// what it refers to, and what it needs without naming its address: a connection
// its organization, a workflow its connections, and whatever speaks of a
// property, a pipeline, a stage or an asset of an account the resource that
// declares it there. Nothing depends on what it does not mention, so that what
// fails stops no more than it has to. Only resources that exist are returned,
// sorted, each once.
func (g *Graph) DependsOn(r *Resource) []Ref {
	d := dependencies{g, r, map[Ref]bool{}}
	r.Spec.References(func(_ Path, to Ref) { d.add(to) })
	for _, a := range g.placed[r.Ref()] {
		d.add(Ref{KindAccount, a})
	}
	switch s := r.Spec.(type) {
	case *Connection:
		for _, a := range s.Between {
			for _, o := range g.organizations[a] {
				d.add(o.Ref())
			}
		}
	case *List:
		for _, a := range g.placed[r.Ref()] {
			d.object(a, s.ObjectName())
			d.text(a, s.Membership.Where)
		}
	case *Form:
		for _, a := range g.placed[r.Ref()] {
			d.name(a, s.Fields...)
		}
	case *AssetCopy:
		for _, to := range s.To {
			d.connection(s.From, to)
		}
		for _, asset := range s.Assets {
			for word, label := range asset {
				d.all(g.spoken().assets[assetAt{s.From, Copyable[word], label}])
			}
		}
	case *Workflow:
		d.workflow(s)
	}
	out := slices.Collect(maps.Keys(d.on))
	slices.SortFunc(out, Ref.Compare)
	return out
}

// dependencies are what one resource depends on, as far as it was looked at.
type dependencies struct {
	*Graph
	of *Resource
	on map[Ref]bool
}

func (d *dependencies) add(to Ref) {
	if to != d.of.Ref() && d.byRef[to] != nil {
		d.on[to] = true
	}
}

func (d *dependencies) all(of []*Resource) {
	for _, r := range of {
		d.add(r.Ref())
	}
}

func (d *dependencies) connection(a, b string) {
	if c := d.Connected(a, b); c != nil {
		d.add(c.Ref())
	}
}

// name adds what the account calls so: properties of any object, a pipeline, the
// pipelines with such a stage.
func (d *dependencies) name(account string, names ...string) {
	for _, n := range names {
		d.all(d.spoken().named[nameAt{account, n}])
	}
}

// object adds the properties that make a custom object.
func (d *dependencies) object(account, object string) {
	if object != "" {
		d.all(d.spoken().objects[nameAt{account, object}])
	}
}

// text adds what an expression mentions. It is not parsed here: what stands in
// it as a word, or alone between two quotes, is a mention, whatever it means
// there. That finds every mention, and rarely more: a property of another object
// that has the same name, a text that happens to be the name of a pipeline.
func (d *dependencies) text(account, expression string) {
	d.name(account, strings.FieldsFunc(expression, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})...)
	d.name(account, strings.FieldsFunc(expression, func(r rune) bool { return r == '"' || r == '\'' })...)
}

// values adds what is written in the account. The options of pipeline and
// dealstage are pipelines and stages.
func (d *dependencies) values(in string, values map[string]Value) {
	for property, v := range values {
		d.name(in, property)
		if text, ok := v.Literal.(string); ok && (property == PropertyPipeline || property == PropertyDealStage) {
			d.name(in, text)
		}
	}
}

func (d *dependencies) workflow(w *Workflow) {
	d.object(w.Account, w.Trigger.OnObject())
	d.object(w.Account, w.Trigger.Object)
	d.name(w.Account, w.Trigger.Property)
	for _, c := range w.Conditions() {
		d.text(w.Account, c.Text)
	}
	for _, step := range w.AllSteps() {
		d.values(w.Account, step.SetProperties)
		if u := step.UpsertContact; u != nil {
			d.action(w, u.In, u.CrossSell, u.Properties)
		}
		if c := step.CreateDeal; c != nil {
			d.action(w, c.In, c.CrossSell, c.Properties)
			if !c.Pipeline.Source {
				d.name(c.In, c.Pipeline.Name)
				continue
			}
			// Which one it is, is known when the workflow runs.
			d.all(d.spoken().dealPipelines[w.Account])
			d.all(d.spoken().dealPipelines[c.In])
		}
	}
}

// action adds what a step that acts in another account needs: the connection,
// and the properties that it reads here and writes there.
func (d *dependencies) action(w *Workflow, in, crossSell string, copies *Copies) {
	d.connection(w.Account, in)
	if crossSell != "" {
		d.name(in, CrossSellProperty)
	}
	if copies == nil {
		return
	}
	d.name(w.Account, copies.Names...)
	d.name(in, copies.Names...)
	d.values(in, copies.Values)
}

// spoken finds the resources of an account by what others call them, so that
// nobody has to look through all of them.
type spoken struct {
	named         map[nameAt][]*Resource // see dependencies.name
	objects       map[nameAt][]*Resource // see dependencies.object
	assets        map[assetAt][]*Resource
	dealPipelines map[string][]*Resource // account → those that are declared
}

type nameAt struct{ account, name string }

type assetAt struct {
	account string
	kind    Kind
	label   string
}

func (g *Graph) whatIsSpokenOf() *spoken {
	out := &spoken{map[nameAt][]*Resource{}, map[nameAt][]*Resource{}, map[assetAt][]*Resource{}, map[string][]*Resource{}}
	asset := func(account string, r *Resource, label string) {
		at := assetAt{account, r.Kind, label}
		out.assets[at] = append(out.assets[at], r)
	}
	for account, resources := range g.inAccount {
		name := func(r *Resource, name string) {
			at := nameAt{account, name}
			out.named[at] = append(out.named[at], r)
		}
		for _, r := range resources {
			switch s := r.Spec.(type) {
			case *Property:
				name(r, s.InternalName(r.Name))
				if !slices.Contains(Objects, s.Object) {
					at := nameAt{account, s.Object}
					out.objects[at] = append(out.objects[at], r)
				}
			case *Pipeline:
				name(r, r.Name)
				for _, stage := range s.Stages {
					name(r, stage.ID)
				}
				if s.ObjectName() == Deal {
					out.dealPipelines[account] = append(out.dealPipelines[account], r)
				}
			case *List:
				asset(account, r, s.Label)
			case *Form:
				asset(account, r, s.Label)
			case *Email:
				asset(account, r, s.Label)
			}
		}
	}
	return out
}
