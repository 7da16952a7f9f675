package embedded

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"accord/crm"
	"accord/diag"
	"accord/schema"
)

// catalog is what is set up in an account. It is never changed, only replaced.
type catalog struct {
	declared []*crm.Asset                // as they are stored
	assets   map[schema.Kind][]crm.Asset // with the standard ones, by Key

	objects func() map[string]*object // for records, which most calls of plan never touch
}

// object is what the account knows of one object.
type object struct {
	name       string
	properties map[string]*property // by name
	stored     map[string]*property // by the id under which values are stored
	lists      []*crm.Asset         // with a condition
}

// property is a property of an object, standard or declared.
type property struct {
	crm.StandardProperty
	id     string // as it is stored; see keys
	lookup bool   // has an index by value, though it is not unique
}

// stageProperty is the property that says the stage, of objects in pipelines.
var stageProperty = map[string]string{schema.Deal: schema.PropertyDealStage, schema.Ticket: crm.PropertyTicketStage}

// standardAssets are the assets of an account in which nothing is declared.
var standardAssets = func() map[schema.Kind][]crm.Asset {
	m := map[schema.Kind][]crm.Asset{schema.KindPipeline: {defaultPipeline()}}
	for _, o := range schema.Objects {
		for _, p := range crm.Standard(o) {
			spec := &schema.Property{Object: o, Type: p.Type, Unique: p.Unique}
			for _, v := range p.Options {
				spec.Options = append(spec.Options, schema.Option{Value: v})
			}
			m[schema.KindProperty] = append(m[schema.KindProperty], crm.Asset{
				Kind: schema.KindProperty, ID: o + "/" + p.Name, Name: p.Name, Standard: true, Spec: spec,
			})
		}
	}
	sortAssets(m[schema.KindProperty])
	return m
}()

var standardCatalog = newCatalog(nil)

func defaultPipeline() crm.Asset {
	return crm.Asset{
		Kind: schema.KindPipeline, ID: schema.DefaultPipelineName, Name: schema.DefaultPipelineName, Standard: true,
		Spec: schema.DefaultPipeline.Canonical(),
	}
}

// newCatalog makes a catalog of the stored assets. A stored pipeline named
// default takes the place of the vendor's.
func newCatalog(declared []*crm.Asset) *catalog {
	c := &catalog{declared: declared, assets: maps.Clone(standardAssets)}
	byKind := map[schema.Kind][]crm.Asset{}
	for _, a := range declared {
		byKind[a.Kind] = append(byKind[a.Kind], *a)
	}
	for kind, assets := range byKind {
		for _, s := range standardAssets[kind] {
			if !slices.ContainsFunc(assets, func(a crm.Asset) bool { return a.ID == s.ID }) {
				assets = append(assets, s)
			}
		}
		sortAssets(assets)
		c.assets[kind] = assets
	}
	c.objects = sync.OnceValue(c.makeObjects)
	return c
}

func sortAssets(assets []crm.Asset) {
	slices.SortFunc(assets, func(a, b crm.Asset) int { return strings.Compare(a.Key(), b.Key()) })
}

func (c *catalog) makeObjects() map[string]*object {
	m := make(map[string]*object, len(schema.Objects))
	for _, o := range schema.Objects {
		m[o] = newObject(o)
	}
	for _, a := range c.declared {
		switch s := a.Spec.(type) {
		case *schema.Property:
			if m[s.Object] == nil {
				m[s.Object] = newObject(s.Object)
			}
			p := &property{id: a.ID, StandardProperty: crm.StandardProperty{Name: a.Name, Type: s.Type, Unique: s.Unique}}
			for _, o := range s.Options {
				p.Options = append(p.Options, o.Value)
			}
			m[s.Object].add(p)
		case *schema.List:
			if o := m[s.ObjectName()]; o != nil && !s.Membership.Manual() {
				o.lists = append(o.lists, a)
			}
		}
	}
	return m
}

func newObject(name string) *object {
	o := &object{name: name, properties: map[string]*property{}, stored: map[string]*property{}}
	for _, s := range crm.Standard(name) {
		o.add(&property{StandardProperty: s, id: s.Name, lookup: name == schema.Deal && s.Name == crm.PropertyDealName})
	}
	return o
}

func (o *object) add(p *property) { o.properties[p.Name], o.stored[p.id] = p, p }

// placement is the value under which a record in a pipeline is looked up.
func placement(pipeline, stage string) string { return pipeline + "/" + stage }

// byID returns the asset with the id, or nil.
func (c *catalog) byID(kind schema.Kind, id string) *crm.Asset {
	assets := c.assets[kind]
	if i := slices.IndexFunc(assets, func(a crm.Asset) bool { return a.ID == id }); i >= 0 {
		return &assets[i]
	}
	return nil
}

// byKey returns the asset with the natural key, or nil.
func (c *catalog) byKey(kind schema.Kind, key string) *crm.Asset {
	assets := c.assets[kind]
	i, ok := slices.BinarySearchFunc(assets, key, func(a crm.Asset, key string) int { return strings.Compare(a.Key(), key) })
	if !ok {
		return nil
	}
	return &assets[i]
}

// object returns the object, or says that the account has none of that name.
func (c *catalog) object(name string) (*object, error) {
	objects := c.objects()
	if o := objects[name]; o != nil {
		return o, nil
	}
	return nil, &crm.InvalidError{Reason: unknown("the account has no object", name, slices.Collect(maps.Keys(objects)))}
}

// property returns the property, or says that the object has none of that name.
func (o *object) property(name string) (*property, error) {
	if p := o.properties[name]; p != nil {
		return p, nil
	}
	return nil, &crm.InvalidError{
		Property: name, Reason: unknown("the account has no property of a "+o.name+" that is called", name, slices.Collect(maps.Keys(o.properties))),
	}
}

// unknown says what there is not, and which name may have been meant.
func unknown(what, name string, names []string) string {
	reason := what + " " + name
	if hint := diag.DidYouMean(name, names); hint != "" {
		reason += ": " + hint
	}
	return reason
}

// pipelines returns the pipelines of an object by id.
func (c *catalog) pipelines(object string) map[string]*schema.Pipeline {
	m := map[string]*schema.Pipeline{}
	for _, a := range c.assets[schema.KindPipeline] {
		if p := a.Spec.(*schema.Pipeline); p.ObjectName() == object {
			m[a.ID] = p
		}
	}
	return m
}

// list returns the list, or ErrNotFound.
func (c *catalog) list(id string) (*crm.Asset, *schema.List, error) {
	a, err := c.asset(schema.KindList, id)
	if err != nil {
		return nil, nil, err
	}
	return a, a.Spec.(*schema.List), nil
}
