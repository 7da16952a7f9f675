package check

import (
	"iter"
	"slices"
	"strings"

	"accord/diag"
	"accord/schema"
)

var workflowRules = []*Rule{
	{
		Name: "workflows-need-professional", When: []When{AtPlan, AtRun}, Source: []string{SourceWorkflows},
		Statement: "A hubspot account with workflows has a Professional or Enterprise subscription.",
		Reason: `Free and Starter accounts have no workflows. Upgrade one product of the account, or move the workflow
to an account that has one.`,
		Breaks: example(`
kind: Workflow
metadata: {name: greet}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps:
    - setProperties: {lifecyclestage: lead}
`, `
kind: Account
metadata: {name: acme-us}
spec: {platform: hubspot, hosting: eu1, subscriptions: {marketing: starter}}
`),
		Holds: example(`
kind: Workflow
metadata: {name: greet}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps:
    - setProperties: {lifecyclestage: lead}
`, exampleUS),
		check: checkSubscription,
	},
	{
		Name: "workflow-not-connected", When: []When{AtPlan, AtRun}, Source: []string{SourceWorkflows},
		Statement: "The account that an action writes to is a target for workflows of the workflow's account.",
		Reason: `A workflow reaches another account through a connection with the feature workflows that goes in that
direction, and through nothing else. Add the feature, let it go both ways, or choose another account.`,
		Breaks: exampleGroup(exampleForward, exampleFollowUp),
		Holds:  exampleGroup(exampleForward, exampleFollowUp, exampleConnection),
		check:  checkConnected,
	},
	{
		Name: "workflow-account-not-in-organization", When: []When{AtPlan}, Source: []string{SourceWorkflows},
		Statement: "An account with actions on other accounts belongs to an organization.",
		Reason: `Accounts reach each other within an organization and nowhere else. Add the account to one, together with
the accounts that its workflows write to.`,
		Breaks: example(exampleForward, exampleFollowUp, exampleDE, exampleUS),
		Holds:  exampleGroup(exampleForward, exampleFollowUp, exampleConnection),
		check:  checkInOrganization,
	},
	{
		Name: "target-does-not-fit-trigger", When: []When{AtPlan}, Source: []string{SourceWorkflows},
		Statement: "An action on another account takes the enrolled record where the trigger enrolls one of that object, and else an associated one.",
		Reason: `Where the trigger enrolls a contact (of a contact, a form or a list of contacts), upsertContact takes
enrolled and nothing else; so does createDeal where it enrolls a deal. Everywhere else the action needs
to know which of the associated records it takes: last-updated or all-associated.`,
		Breaks: exampleWorkflow("contact.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: source}
`),
		Holds: exampleWorkflow("contact.created", `
    - createDeal: {in: acme-us, target: last-updated, pipeline: source}
`),
		check: checkTargets,
	},
	{
		Name: "contact-source-missing", When: []When{AtPlan}, Source: []string{SourceWorkflows},
		Statement: "Where a trigger enrolls no contact, what is about a contact needs a contactSource.",
		Reason: `A deal has several contacts. contactSource says which of them a condition on contact and the steps
assignOwner, setMarketingContact and setSubscriptions mean: the last-updated one, or each
(all-associated). In suppress, contact is each contact that an action is about to touch, and needs none.`,
		Breaks: exampleWorkflow("deal.created", `
    - setMarketingContact: true
`),
		Holds: exampleWorkflow("deal.created", `
    - setMarketingContact: true
  contactSource: last-updated
`),
		check: checkContactSource,
	},
	{
		Name: "property-not-writable", When: []When{AtPlan}, Source: []string{SourceWorkflows},
		Statement: "With limits: hubspot, a contact in another account takes its email, first name, last name and cross-selling opportunity when it is created, and the cross-selling opportunity alone when it is there.",
		Reason: `The product writes no other property of a contact in another account, and computes none. What consent
and marketingContact say is carried out in the target account and is no property. With limits: extended
in the organization the engine writes what it is told.`,
		Breaks: exampleGroup(exampleForwarding("properties: [email, phone]"), exampleFollowUp, exampleConnection),
		Holds:  exampleGroup(exampleForwarding("properties: [email, firstname]"), exampleFollowUp, exampleConnection),
		check:  checkWritable,
	},
	{
		Name: "cross-sell-property-missing", Severity: diag.Info, When: []When{AtDrift}, Source: []string{SourceWorkflows},
		Statement: "Where workflows are switched on, both accounts have the contact property cross_selling_opportunity, and the target of a createDeal with crossSell has the deal property of that name.",
		Reason: `The property, an enumeration of yes and no, carries a cross-selling opportunity from account to account.
Apply creates it with the connection; where somebody deletes it in an account, the next apply puts it back.`,
		Example: "It breaks where cross_selling_opportunity is deleted in acme-us after Connection/de-us was applied with the\n" +
			"feature workflows: accord drift shows it, and the next apply creates the property again. It holds after that.",
	},
	{
		Name: "pipeline-not-found", When: []When{AtPlan, AtRun}, Source: []string{SourceWorkflows},
		Statement: "The pipeline of a created deal exists in the account where the deal is created; for source, one with the same label.",
		Reason: `The vendor refuses a deal in a pipeline that is not there. Every account has the pipeline default;
declare others as a Pipeline with that account among its accounts. What source means is known when the
workflow runs.`,
		Breaks: exampleWorkflow("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: {name: sales, stage: qualifiedtobuy}}
`),
		Holds: exampleWorkflow("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: {name: default, stage: qualifiedtobuy}}
`),
		check: checkPipelines,
	},
	{
		Name: "stage-not-found", When: []When{AtPlan, AtRun}, Source: []string{SourceWorkflows},
		Statement: "The stage of a created deal exists in its pipeline; for source, one with the same label.",
		Reason: `A stage is named by its id. Name one of the pipeline's stages in the account where the deal is created, or
add the stage to the Pipeline.`,
		Breaks: exampleWorkflow("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: {name: default, stage: qualified}}
`),
		Holds: exampleWorkflow("deal.created", `
    - createDeal: {in: acme-us, target: enrolled, pipeline: {name: default, stage: qualifiedtobuy}}
`),
		check: checkPipelines,
	},
	{
		Name: "consent-missing", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourceWorkflows},
		Statement: "Where contacts are created in another account, the action or a follow-up workflow there sets a legal basis and subscriptions.",
		Reason: `A person who agreed to hear from one company did not agree to hear from the other. Say on which basis the
contact is there and to what it is subscribed: consent in the action, or setSubscriptions with a legal
basis in a workflow of the target account that the created contact triggers.`,
		Breaks: exampleGroup(exampleForward, exampleConnection),
		Holds:  exampleGroup(exampleForwarding("consent: {legalBasis: consent, subscriptions: [news]}"), exampleConnection, exampleNews),
		check:  checkConsent,
	},
	{
		Name: "follow-up-missing", Severity: diag.Info, When: []When{AtPlan}, Source: []string{SourceWorkflows},
		Statement: "The target account has a workflow that the created contact or its cross-selling opportunity triggers, and that workflow or the action sets marketing contact and subscriptions.",
		Reason: `An action on another account puts a contact there, and nothing else happens. Write a workflow in the target
account that takes it up: an owner, subscriptions, whether it is a marketing contact.`,
		Breaks: exampleGroup(exampleForward, exampleConnection),
		Holds:  exampleGroup(exampleForward, exampleFollowUp, exampleConnection),
		check:  checkFollowUps,
	},
	{
		Name: "workflow-loop", Severity: diag.Warning, When: []When{AtPlan, AtRun}, Source: []string{SourceOurs},
		Statement: "Workflows cannot trigger each other for ever.",
		Reason: `What is printed is a shortest way around and the values it goes with. Let one of the workflows enroll a
record once (the default; reenroll: false) or a bounded number of times (max), let it write only where
nothing is set (existing: keep), or narrow its condition so that what the other writes does not meet it.
Creating contacts comes to rest by itself, because they are matched by email; so does writing the same
constant again. Creating deals does not: each is a new record. The engine stops a loop by its hop limit.`,
		Breaks: exampleGroup(exampleConnection, `
kind: Workflow
metadata: {name: deal-to-us}
spec:
  account: acme-de
  trigger: {on: deal.created}
  steps:
    - createDeal: {in: acme-us, target: enrolled, pipeline: source, properties: [dealname]}
`, `
kind: Workflow
metadata: {name: deal-to-de}
spec:
  account: acme-us
  trigger: {on: deal.created}
  steps:
    - createDeal: {in: acme-de, target: enrolled, pipeline: source, properties: [dealname]}
`),
		Holds: exampleGroup(exampleConnection, `
kind: Workflow
metadata: {name: deal-to-us}
spec:
  account: acme-de
  trigger: {on: deal.created, where: deal.amount > 1000}
  steps:
    - createDeal: {in: acme-us, target: enrolled, pipeline: source, properties: [dealname, amount]}
`, `
kind: Workflow
metadata: {name: deal-to-de}
spec:
  account: acme-us
  trigger: {on: deal.created}
  steps:
    - createDeal: {in: acme-de, target: enrolled, pipeline: source, properties: [dealname]}
`),
		check: checkLoops,
	},
	{
		Name: "condition-invalid", When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A condition compiles, knows every property that it names, compares values of the same type and yields true or false.",
		Reason: `Conditions are CEL, typed from the properties of the account: the standard ones and those that a Property
declares for it. A mistake is found here and not when a customer meets it.`,
		Breaks: exampleWhere("contact.contry == \"US\""),
		Holds:  exampleWhere("contact.country == \"US\""),
		check:  checkConditions,
	},
	{
		Name: "condition-never-holds", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourceOurs},
		Statement: "A value behind == or in is an option, a pipeline or a stage that the property can have, and no empty text, wherever in the condition it stands.",
		Reason: `No record equals an option that does not exist, and none an empty text: a property has a value or is not
set. It is the comparison that never holds. The condition around it may, by another value of the list,
another branch or a negation, and the finding is there all the same: the value is a mistake either way.
!= with such a value is not reported. Name an option of the property, or add it to the property; in place
of == "" write !has.`,
		Breaks: exampleWhere("contact.lifecyclestage == \"custommer\""),
		Holds:  exampleWhere("contact.lifecyclestage == \"customer\""),
		check:  checkConditions,
	},
}

const (
	exampleForward = `
kind: Workflow
metadata: {name: forward}
spec:
  account: acme-de
  trigger: {on: contact.created}
  steps:
    - upsertContact: {in: acme-us, target: enrolled, createIfMissing: true, crossSell: "yes"}
`
	exampleFollowUp = `
kind: Workflow
metadata: {name: take-up}
spec:
  account: acme-us
  trigger: {on: contact.created}
  steps:
    - setSubscriptions: {news: {status: subscribed, legalBasis: consent}}
    - setMarketingContact: true
---
apiVersion: ` + schema.APIVersion + exampleNews
	exampleNews = `
kind: SubscriptionType
metadata: {name: news}
spec: {accounts: [acme-us], label: News}
`
)

// exampleForwarding is exampleForward with another line in its action.
func exampleForwarding(more string) string {
	return strings.Replace(exampleForward, `crossSell: "yes"`, more, 1)
}

// exampleWorkflow is a workflow of acme-de, connected to acme-us.
func exampleWorkflow(on, steps string) string {
	return exampleGroup(`
kind: Workflow
metadata: {name: hand-over}
spec:
  account: acme-de
  trigger: {on: `+on+`}
  steps:`+strings.TrimRight(steps, "\n")+"\n", exampleConnection)
}

// exampleWhere is a workflow inside one account, with a condition.
func exampleWhere(condition string) string {
	return example(`
kind: Workflow
metadata: {name: greet}
spec:
  account: acme-de
  trigger:
    on: contact.created
    where: `+condition+`
  steps:
    - setProperties: {lifecyclestage: lead}
`, exampleDE)
}

// workflow is a workflow and what most rules ask of it.
type workflow struct {
	*schema.Workflow
	r       *schema.Resource
	account *schema.Account // nil where it is not declared
	steps   []schema.StepAt // those in branches included
	// enrolls is the object of the records that the trigger enrolls; "" where
	// that is not known, because the list that would say so is not declared.
	enrolls string
}

// workflows yields every workflow, sorted by name.
func (p *pass) workflows() iter.Seq[workflow] {
	if all := p.Of(schema.KindWorkflow); p.known == nil && len(all) > 0 {
		p.known = make([]workflow, len(all))
		for i, r := range all {
			w := r.Spec.(*schema.Workflow)
			p.known[i] = workflow{w, r, p.Account(w.Account), w.AllSteps(), enrolls(p.Graph, w)}
		}
	}
	return slices.Values(p.known)
}

// enrolls is the object of the records that a workflow's trigger enrolls.
func enrolls(g *schema.Graph, w *schema.Workflow) string {
	switch w.Trigger.Event() {
	case schema.EventSubmitted:
		return schema.Contact
	case schema.EventJoined, schema.EventLeft:
		if l := g.List(w.Trigger.List); l != nil {
			return l.ObjectName()
		}
		return ""
	case schema.EventManual:
		return w.Trigger.Object
	}
	return w.Trigger.OnObject()
}

// action is a step that acts in another account.
type action struct {
	at         schema.Path // of its fields
	in, target string
	object     string // what it writes
	copies     *schema.Copies
	crossSell  string
	contact    *schema.UpsertContact // nil for a deal
	deal       *schema.CreateDeal    // nil for a contact
}

// actions yields the steps that act in another account, which need not exist.
func (w *workflow) actions() iter.Seq[action] {
	return func(yield func(action) bool) {
		for _, s := range w.steps {
			var a action
			switch u, d := s.UpsertContact, s.CreateDeal; {
			case u != nil:
				a = action{s.Path.Key("upsertContact"), u.In, u.Target, schema.Contact, u.Properties, u.CrossSell, u, nil}
			case d != nil:
				a = action{s.Path.Key("createDeal"), d.In, d.Target, schema.Deal, d.Properties, d.CrossSell, nil, d}
			default:
				continue
			}
			if !yield(a) {
				return
			}
		}
	}
}

func checkSubscription(p *pass) {
	for w := range p.workflows() {
		if w.account == nil || w.account.Platform != schema.HubSpot || w.account.HasTier("professional") {
			continue
		}
		account := p.resource(schema.KindAccount, w.Account)
		p.report(w.r, spec.Key("account"), "%s has no product at Professional or Enterprise, which workflows need", w.Account).
			help("Upgrade a product of %s, or move the workflow to another account.", where(account)).
			see(account, spec.Key("subscriptions"), "the subscriptions of %s", w.Account)
	}
}

func checkConnected(p *pass) {
	for w := range p.workflows() {
		// Without an organization there is no connection to ask for.
		if w.account == nil || p.OrganizationOf(w.Account) == nil {
			continue
		}
		first := map[string]int{} // target → its finding: an account is not connected once
		for a := range w.actions() {
			if p.Account(a.in) == nil {
				continue
			}
			c, ok := p.Goes(schema.FeatureWorkflows, w.Account, a.in)
			if ok || p.leftOut(schema.KindConnection, w.Account, a.in) {
				continue
			}
			if i, told := first[a.in]; told {
				p.found[i].see(w.r, a.at.Key("in"), "and here")
				continue
			}
			first[a.in] = len(p.found)
			f := p.report(w.r, a.at.Key("in"), "%s has no workflows connection to %s", w.Account, a.in)
			switch {
			case a.in == w.Account:
				f.Message = w.Account + " is the account of the workflow itself, and the action is one on another account"
				f.help("Name another account, or use setProperties here.")
			case c == nil:
				f.help("Declare a Connection between %s and %s with the feature `workflows`, or choose another account.", w.Account, a.in)
			case c.Spec.(*schema.Connection).Features.Workflows == nil:
				f.help("Add the feature `workflows` to %s, or choose another account.", where(c)).
					see(c, spec.Key("features"), "the features of %v", c.Ref())
			default:
				f.help("The workflows of %s go from %s to %s alone: let them go both ways, or choose another account.", where(c), a.in, w.Account).
					see(c, featurePath(schema.FeatureWorkflows).Key("direction"), "%v goes one way", c.Ref())
			}
		}
	}
}

func checkInOrganization(p *pass) {
	for w := range p.workflows() {
		if w.account == nil || p.OrganizationOf(w.Account) != nil || p.leftOut(schema.KindOrganization, w.Account) {
			continue
		}
		for a := range w.actions() {
			p.report(w.r, spec.Key("account"), "%s belongs to no organization, and the workflow writes to %s", w.Account, a.in).
				help("Add %s to an organization together with %s, and connect the two.", w.Account, a.in).
				see(w.r, a.at.Key("in"), "it writes to %s here", a.in)
			break
		}
	}
}

func checkTargets(p *pass) {
	for w := range p.workflows() {
		if w.enrolls == "" {
			continue
		}
		for a := range w.actions() {
			fits := w.enrolls == a.object
			if fits == (a.target == schema.TargetEnrolled) {
				continue
			}
			if fits {
				p.report(w.r, a.at.Key("target"), "the trigger enrolls %s records, so the action takes the enrolled one and not %s", a.object, a.target).
					help("Write target: enrolled.").see(w.r, spec.Key("trigger").Key("on"), "the trigger")
				continue
			}
			p.report(w.r, a.at.Key("target"), "the trigger enrolls %s records, so there is no enrolled %s", w.enrolls, a.object).
				help("Write target: last-updated or target: all-associated.").see(w.r, spec.Key("trigger").Key("on"), "the trigger")
		}
	}
}

func checkContactSource(p *pass) {
	for w := range p.workflows() {
		if w.enrolls == "" || w.enrolls == schema.Contact || w.ContactSource != "" {
			continue
		}
		var f *finding // contactSource is missing once
		need := func(at schema.Path, what string) *finding {
			if f != nil {
				return f.see(w.r, at, "%s as well", what)
			}
			f = p.report(w.r, at, "%s is about a contact, and the trigger enrolls %s records", what, w.enrolls).
				help("Add `contactSource: last-updated` or `contactSource: all-associated` to the workflow.")
			return f
		}
		for _, c := range p.conditions(w) {
			for _, problem := range c.problems {
				if problem.Rule != p.rule.Name {
					continue
				}
				if first := f == nil; need(c.Path, "`contact`") != nil && first {
					f.within(problem.Start, problem.End)
				}
			}
		}
		for _, s := range w.steps {
			switch s.Action() {
			case "assignOwner", "setMarketingContact", "setSubscriptions":
				need(s.Path.Key(s.Action()).AtKey(), s.Action())
			}
		}
	}
}

func checkWritable(p *pass) {
	allowed := append(slices.Clone(schema.CreationProperties), schema.CrossSellProperty)
	for w := range p.workflows() {
		o := p.OrganizationOf(w.Account)
		if o == nil || o.Spec.(*schema.Organization).Extended() {
			continue
		}
		help := "Leave it out, or allow it for the engine: `limits: extended` in " + where(o) + "."
		for a := range w.actions() {
			if a.copies == nil {
				continue
			}
			at := a.at.Key("properties")
			for i, name := range a.copies.Names {
				if a.contact != nil && !slices.Contains(allowed, name) {
					p.report(w.r, at.Index(i), "a workflow writes no %s of a contact in another account, only %s", name, sentence(allowed)).
						help("%s", help)
				}
			}
			for _, name := range a.copies.All() {
				if _, computed := a.copies.Values[name]; computed {
					p.report(w.r, at.Key(name).AtKey(), "a workflow computes no %s of a %s in another account", name, a.object).help("%s", help)
				}
			}
		}
	}
}

// checkPipelines is the check of the rules on pipelines and on stages.
func checkPipelines(p *pass) {
	for w := range p.workflows() {
		for a := range w.actions() {
			if a.deal == nil || a.deal.Pipeline.Source || p.Account(a.in) == nil || p.leftOut(schema.KindPipeline, a.deal.Pipeline.Name) {
				continue
			}
			want := a.deal.Pipeline
			pipelines := p.DealPipelines(a.in)
			i := slices.IndexFunc(pipelines, func(n schema.NamedPipeline) bool { return n.Name == want.Name })
			switch {
			case p.rule.Name == "pipeline-not-found" && i < 0:
				p.pipelineNotFound(w, a, pipelines)
			case p.rule.Name == "stage-not-found" && i >= 0 && pipelines[i].Stage(want.Stage) == nil:
				ids := make([]string, len(pipelines[i].Stages))
				for j, s := range pipelines[i].Stages {
					ids[j] = s.ID
				}
				f := p.report(w.r, a.at.Key("pipeline").Key("stage"), "the pipeline %s of %s has no stage %s", want.Name, a.in, want.Stage)
				f.help("Name one of its stages: %s.", strings.Join(ids, ", "))
				if did := diag.DidYouMean(want.Stage, ids); did != "" {
					f.help("%s", did)
				}
				if r := p.resource(schema.KindPipeline, want.Name); r != nil {
					f.see(r, spec.Key("stages"), "the stages of %v", r.Ref())
				}
			}
		}
	}
}

func (p *pass) pipelineNotFound(w workflow, a action, pipelines []schema.NamedPipeline) {
	want := a.deal.Pipeline.Name
	f := p.report(w.r, a.at.Key("pipeline").Key("name"), "%s has no deal pipeline %s", a.in, want)
	names := make([]string, len(pipelines))
	for i, n := range pipelines {
		names[i] = n.Name
	}
	switch r, did := p.resource(schema.KindPipeline, want), diag.DidYouMean(want, names); {
	case r != nil && r.Spec.(*schema.Pipeline).ObjectName() != schema.Deal:
		f.help("%s is a pipeline of %ss: name one of %s.", where(r), r.Spec.(*schema.Pipeline).ObjectName(), sentence(names)).
			see(r, spec.Key("object"), "it is a pipeline of %ss", r.Spec.(*schema.Pipeline).ObjectName())
	case r != nil:
		f.help("Add %s to the accounts of %s.", a.in, where(r)).see(r, spec.Key("accounts"), "the accounts of %v", r.Ref())
	case did != "":
		f.help("%s", did)
	default:
		f.help("Declare a Pipeline %s with %s among its accounts, or name one of %s.", want, a.in, sentence(names))
	}
}
