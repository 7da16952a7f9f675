package view

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accord/schema"
)

func resource(kind schema.Kind, name string, spec schema.Spec) *schema.Resource {
	return &schema.Resource{Kind: kind, Name: name, Spec: spec}
}

func account(name string) *schema.Resource {
	return resource(schema.KindAccount, name, &schema.Account{Facts: schema.Facts{Platform: schema.HubSpot}})
}

func graphOf(resources ...*schema.Resource) *schema.Graph {
	config, _ := schema.NewConfig(resources)
	return schema.Resolve(config)
}

// sampleGraph is an organization of five, and accounts of none.
func sampleGraph() *schema.Graph {
	oneWay := func(from string) *schema.Feature { return &schema.Feature{Direction: schema.OneWay, From: from} }
	sends := func(in ...string) *schema.Workflow {
		w := &schema.Workflow{Account: "acme-de"}
		for _, a := range in {
			w.Steps = append(w.Steps, schema.Step{If: "true", Then: []schema.Step{{UpsertContact: &schema.UpsertContact{In: a}}}})
		}
		return w
	}
	return graphOf(
		account("acme-de"), account("acme-us"), account("acme-uk"), account("acme-fr"), account("acme-care"), account("studio"),
		resource(schema.KindOrganization, "acme-group", &schema.Organization{
			Primary: "acme-de", Accounts: []string{"acme-us", "acme-uk", "acme-fr", "acme-care", "acme-de"},
		}),
		resource(schema.KindConnection, "de-us", &schema.Connection{Between: []string{"acme-us", "acme-de"}, Features: schema.Features{
			DataMirroring: &schema.Feature{}, Workflows: oneWay("acme-de"), AssetCopying: oneWay("acme-de"),
		}}),
		resource(schema.KindConnection, "de-uk", &schema.Connection{Between: []string{"acme-de", "acme-uk"}, Features: schema.Features{Workflows: oneWay("acme-uk")}}),
		resource(schema.KindConnection, "fr-care", &schema.Connection{Between: []string{"acme-fr", "acme-care"}, Features: schema.Features{
			Workflows: oneWay("acme-fr"), DataMirroring: oneWay("acme-care"),
		}}),
		resource(schema.KindConnection, "nothing", &schema.Connection{Between: []string{"acme-fr", "acme-uk"}}),
		resource(schema.KindWorkflow, "cross-sell", sends("acme-us", "acme-us")),
		resource(schema.KindWorkflow, "forward", sends("acme-uk", "not-declared")),
		resource(schema.KindWorkflow, "at-home", sends()),
	)
}

func TestGraph(t *testing.T) {
	for _, f := range graphFormats {
		golden(t, "graph_"+f.name, func(w io.Writer) error { return f.write(w, sampleGraph()) })
		golden(t, "graph_"+f.name+"_empty", func(w io.Writer) error { return f.write(w, graphOf()) })
		if err := f.write(failing{}, sampleGraph()); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v, want the error of the stream", f.name, err)
		}
	}
}

var graphFormats = []struct {
	name  string
	write func(io.Writer, *schema.Graph) error
}{{"mermaid", GraphMermaid}, {"dot", GraphDot}, {"svg", GraphSVG}}

// bigGraph has n accounts, in one organization or in many, each connected to the
// next ones.
func bigGraph(n, organizations int) *schema.Graph {
	var all []*schema.Resource
	members := make([][]string, organizations)
	for i := range n {
		name := fmt.Sprintf("account-%03d", i)
		all = append(all, account(name))
		members[i%organizations] = append(members[i%organizations], name)
	}
	for i, m := range members {
		all = append(all, resource(schema.KindOrganization, fmt.Sprintf("group-%03d", i), &schema.Organization{Primary: m[0], Accounts: m}))
		for j := range m {
			to := m[(j+1)%len(m)]
			if to == m[j] {
				continue
			}
			all = append(all, resource(schema.KindConnection, fmt.Sprintf("c-%03d-%03d", i, j), &schema.Connection{
				Between: []string{m[j], to}, Features: schema.Features{DataMirroring: &schema.Feature{}},
			}))
		}
	}
	return graphOf(all...)
}

// Accounts do not cover each other and stand inside of their organization, which
// stands inside of the picture; however many there are.
func TestLayout(t *testing.T) {
	for _, tc := range []struct{ accounts, organizations int }{
		{1, 1}, {2, 1}, {3, 1}, {5, 1}, {12, 1}, {13, 1}, {100, 1}, {100, 20}, {7, 7},
	} {
		c := newCanvas(pictureOf(bigGraph(tc.accounts, tc.organizations)))
		inside := func(in, r rect) bool {
			return r.x-r.w/2 >= in.x-in.w/2 && r.x+r.w/2 <= in.x+in.w/2 && r.y-r.h/2 >= in.y-in.h/2 && r.y+r.h/2 <= in.y+in.h/2
		}
		whole := rect{point{c.w / 2, c.h / 2}, c.w, c.h}
		var boxes []rect
		for i, g := range c.picture.groups {
			if !inside(whole, c.groups[i]) {
				t.Errorf("%+v: organization %d is not in the picture", tc, i)
			}
			for j := range i {
				if c.groups[i].overlap(c.groups[j]) > 0 {
					t.Errorf("%+v: organizations %d and %d cover each other", tc, i, j)
				}
			}
			for _, a := range g.accounts {
				box := c.accounts[a.name]
				if !inside(c.groups[i], box) {
					t.Errorf("%+v: %s is not in its organization", tc, a.name)
				}
				for _, b := range boxes {
					if b.overlap(box) > 0 {
						t.Errorf("%+v: %s covers another account", tc, a.name)
					}
				}
				boxes = append(boxes, box)
			}
		}
		if len(boxes) != tc.accounts || math.IsNaN(c.w+c.h) {
			t.Errorf("%+v: %d accounts in a picture of %v x %v", tc, len(boxes), c.w, c.h)
		}
	}
}

// No label of five accounts covers another or an account.
func TestLabelsOfFive(t *testing.T) {
	c := newCanvas(pictureOf(sampleGraph()))
	c.write(newOutput(io.Discard, Style{}))
	for i, a := range c.labels {
		for j, b := range c.labels[:i] {
			if a.overlap(b) > 0 {
				t.Errorf("%d and %d cover each other: %+v and %+v", i, j, a, b)
			}
		}
	}
}

// Whatever a name is, it is text and nothing else.
func TestGraphsAreSafe(t *testing.T) {
	mermaid := regexp.MustCompile(`^(flowchart LR|  end|  +subgraph o[0-9]+\[` + quotedText + `\]|  +a[0-9]+\[` + quotedText + `\]|  a[0-9]+ (-->|<-->|---|-\.->)\|` + quotedText + `\| a[0-9]+)$`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(hostile(), 2, 6).Draw(t, "names")
		var all []*schema.Resource
		for _, n := range names {
			all = append(all, account(n))
		}
		all = append(all,
			resource(schema.KindOrganization, hostile().Draw(t, "organization"), &schema.Organization{Primary: names[0], Accounts: names[:2]}),
			resource(schema.KindConnection, hostile().Draw(t, "connection"), &schema.Connection{Between: names[:2], Features: schema.Features{Workflows: &schema.Feature{Direction: schema.OneWay, From: names[0]}}}),
			resource(schema.KindWorkflow, hostile().Draw(t, "workflow"), &schema.Workflow{Account: names[0], Steps: []schema.Step{{CreateDeal: &schema.CreateDeal{In: names[1]}}}}))
		g := graphOf(all...)
		var b strings.Builder
		if err := GraphSVG(&b, g); err != nil {
			t.Fatal(err)
		}
		dec := xml.NewDecoder(strings.NewReader(b.String()))
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("the picture is no XML: %v in\n%s", err, b.String())
			}
			if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg title defs marker path rect text g ", " "+e.Name.Local+" ") {
				t.Fatalf("the picture has the element %s", e.Name.Local)
			}
		}
		if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") && !strings.Contains(strings.Join(names, ""), "Inf") {
			t.Fatalf("a length is no number in\n%s", b.String())
		}
		b.Reset()
		if err := GraphMermaid(&b, g); err != nil {
			t.Fatal(err)
		}
		for l := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
			if !mermaid.MatchString(l) {
				t.Fatalf("this is not our mermaid: %q", l)
			}
		}
		b.Reset()
		if err := GraphDot(&b, g); err != nil {
			t.Fatal(err)
		}
		if got := outsideQuotes(b.String()); strings.ContainsAny(got, "\\<`@") || strings.Count(got, "{") != strings.Count(got, "}") {
			t.Fatalf("outside of its texts the dot is\n%s", got)
		}
	})
}

const quotedText = "\"([^\"<>&`\\[\\]{}|\\\\]|<br>)*\""

// outsideQuotes leaves out the texts of dot.
func outsideQuotes(s string) string {
	return regexp.MustCompile(`"([^"\\]|\\.)*"`).ReplaceAllString(s, "")
}
