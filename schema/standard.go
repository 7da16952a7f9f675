package schema

// StandardProperty is a property that every account has without a declaration.
type StandardProperty struct {
	Name    string
	Type    string
	Options []string // of an enumeration
}

var lifecycleStages = []string{
	"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other",
}

// StandardProperties are, for each object, the properties that every account of
// either platform has. The options of pipeline and dealstage are the pipelines
// and stages of the account. Source: language.md, "What every account has
// without anyone declaring it".
var StandardProperties = map[string][]StandardProperty{
	Contact: {
		{"email", TypeString, nil},
		{"firstname", TypeString, nil},
		{"lastname", TypeString, nil},
		{"phone", TypeString, nil},
		{"city", TypeString, nil},
		{"country", TypeString, nil},
		{"company", TypeString, nil},
		{"jobtitle", TypeString, nil},
		{"website", TypeString, nil},
		{"lifecyclestage", TypeEnumeration, lifecycleStages},
	},
	Company: {
		{"domain", TypeString, nil},
		{"name", TypeString, nil},
		{"city", TypeString, nil},
		{"country", TypeString, nil},
		{"industry", TypeString, nil},
		{"numberofemployees", TypeNumber, nil},
		{"annualrevenue", TypeNumber, nil},
	},
	Deal: {
		{"dealname", TypeString, nil},
		{"amount", TypeNumber, nil},
		{"closedate", TypeDate, nil},
		{PropertyPipeline, TypeEnumeration, nil},
		{PropertyDealStage, TypeEnumeration, nil},
	},
}

// The properties of a deal whose values are pipelines and stages.
const (
	PropertyPipeline  = "pipeline"
	PropertyDealStage = "dealstage"
)

// CrossSell is the property that an account with a workflows connection has, for
// contacts, and for deals where a step sets it.
var CrossSell = Property{
	Object: Contact, Type: TypeEnumeration, Label: "Cross-sell Opportunity", Name: CrossSellProperty,
	Options: []Option{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}},
}

// DefaultPipelineName is the name of the deal pipeline that every account has.
const DefaultPipelineName = "default"

// DefaultPipeline is the deal pipeline that every account has. Probabilities and
// labels are the vendor's.
var DefaultPipeline = Pipeline{
	Label: "Sales Pipeline",
	Stages: []Stage{
		{ID: "appointmentscheduled", Label: "Appointment Scheduled", Probability: 0.2},
		{ID: "qualifiedtobuy", Label: "Qualified To Buy", Probability: 0.4},
		{ID: "presentationscheduled", Label: "Presentation Scheduled", Probability: 0.6},
		{ID: "decisionmakerboughtin", Label: "Decision Maker Bought-In", Probability: 0.8},
		{ID: "contractsent", Label: "Contract Sent", Probability: 0.9},
		{ID: "closedwon", Label: "Closed Won", Probability: 1, Closed: "won"},
		{ID: "closedlost", Label: "Closed Lost", Closed: "lost"},
	},
}

// PropertyInfo is a property of an object in one account, standard or declared.
type PropertyInfo struct {
	Name    string
	Type    string
	Options []string  // of an enumeration: the values
	By      *Resource // who declares it; nil: standard, or created by apply itself
}

// Properties returns the properties of an object in an account, by internal
// name: the standard ones, the cross-selling opportunity where workflows are
// connected, and those declared for it. No declaration changes what is there
// without it.
func (g *Graph) Properties(account, object string) map[string]PropertyInfo {
	out := make(map[string]PropertyInfo, 16)
	for _, s := range StandardProperties[object] {
		out[s.Name] = PropertyInfo{Name: s.Name, Type: s.Type, Options: s.Options}
	}
	if object == Deal {
		pipelines, stages := []string{}, []string{}
		for _, p := range g.DealPipelines(account) {
			pipelines = append(pipelines, p.Name)
			for _, s := range p.Stages {
				stages = append(stages, s.ID)
			}
		}
		out[PropertyPipeline] = PropertyInfo{Name: PropertyPipeline, Type: TypeEnumeration, Options: pipelines}
		out[PropertyDealStage] = PropertyInfo{Name: PropertyDealStage, Type: TypeEnumeration, Options: distinct(stages)}
	}
	if (object == Contact || object == Deal) && g.WorkflowsConnected(account) {
		out[CrossSellProperty] = PropertyInfo{Name: CrossSellProperty, Type: TypeEnumeration, Options: []string{CrossSellYes, CrossSellNo}}
	}
	for _, r := range g.inAccount[account] {
		p, ok := r.Spec.(*Property)
		if !ok || p.Object != object {
			continue
		}
		info := PropertyInfo{Name: p.InternalName(r.Name), Type: p.Type, By: r}
		if _, there := out[info.Name]; there {
			continue
		}
		for _, o := range p.Options {
			info.Options = append(info.Options, o.Value)
		}
		out[info.Name] = info
	}
	return out
}

// NamedPipeline is a pipeline and its name.
type NamedPipeline struct {
	Name string
	*Pipeline
}

// DealPipelines returns the deal pipelines of an account, the default one first,
// then by name. A declaration named default takes the place of the vendor's.
func (g *Graph) DealPipelines(account string) []NamedPipeline {
	out := []NamedPipeline{{DefaultPipelineName, &DefaultPipeline}}
	for _, r := range g.inAccount[account] {
		p, ok := r.Spec.(*Pipeline)
		switch {
		case !ok || p.ObjectName() != Deal:
		case r.Name == DefaultPipelineName:
			out[0].Pipeline = p
		default:
			out = append(out, NamedPipeline{r.Name, p})
		}
	}
	return out
}
