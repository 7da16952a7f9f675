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
	assets   map[schema.Kind]keyedAssets // with the standard ones

	objects func() map[string]*object // for records, which most calls of plan never touch
}

// keyedAssets are assets in the order of their keys, which are worked out once.
type keyedAssets struct {
	assets []crm.Asset
	keys   []string
}

// merge returns the assets of both, of which none is in both.
func (a keyedAssets) merge(b []*crm.Asset) keyedAssets {
	n := len(a.assets) + len(b)
	out := keyedAssets{make([]crm.Asset, 0, n), make([]string, 0, n)}
	add := func(asset *crm.Asset, key string) {
		out.assets, out.keys = append(out.assets, *asset), append(out.keys, key)
	}
	keys := make(map[*crm.Asset]string, len(b))
	for _, asset := range b {
		keys[asset] = asset.Key()
	}
	slices.SortFunc(b, func(x, y *crm.Asset) int { return strings.Compare(keys[x], keys[y]) })
	i := 0
	for _, asset := range b {
		for ; i < len(a.assets) && a.keys[i] < keys[asset]; i++ {
			add(&a.assets[i], a.keys[i])
		}
		add(asset, keys[asset])
	}
	for ; i < len(a.assets); i++ {
		add(&a.assets[i], a.keys[i])
	}
	return out
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
var standardAssets = func() map[schema.Kind]keyedAssets {
	var properties []*crm.Asset
	for _, o := range schema.Objects {
		for _, p := range crm.Standard(o) {
			spec := &schema.Property{Object: o, Type: p.Type, Unique: p.Unique}
			for _, v := range p.Options {
				spec.Options = append(spec.Options, schema.Option{Value: v})
			}
			properties = append(properties, &crm.Asset{
				Kind: schema.KindProperty, ID: o + "/" + p.Name, Name: p.Name, Standard: true, Spec: spec,
			})
		}
	}
	def := defaultPipeline()
	return map[schema.Kind]keyedAssets{
		schema.KindProperty: keyedAssets{}.merge(properties),
		schema.KindPipeline: keyedAssets{}.merge([]*crm.Asset{&def}),
	}
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
	byKind := map[schema.Kind][]*crm.Asset{}
	for _, a := range declared {
		byKind[a.Kind] = append(byKind[a.Kind], a)
		if isDefaultPipeline(a) {
			c.assets[schema.KindPipeline] = keyedAssets{}
		}
	}
	for kind, assets := range byKind {
		c.assets[kind] = c.assets[kind].merge(assets)
	}
	c.objects = sync.OnceValue(c.makeObjects)
	return c
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
	of := c.assets[kind].assets
	if i := slices.IndexFunc(of, func(a crm.Asset) bool { return a.ID == id }); i >= 0 {
		return &of[i]
	}
	return nil
}

// byKey returns the asset with the natural key, or nil.
func (c *catalog) byKey(kind schema.Kind, key string) *crm.Asset {
	of := c.assets[kind]
	if i, ok := slices.BinarySearch(of.keys, key); ok {
		return &of.assets[i]
	}
	return nil
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
	for _, a := range c.assets[schema.KindPipeline].assets {
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
