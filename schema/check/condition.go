package check

import (
	"slices"
	"strings"

	"accord/schema"
	"accord/schema/expr"
)

// condition is an expression of the configuration and what package expr says
// of it.
type condition struct {
	schema.Condition
	r        *schema.Resource
	program  *expr.Program // nil where it is invalid
	problems []expr.Problem
}

// checkConditions is the check of the rules that package expr finds problems of.
// That contact needs a contactSource is reported once for a workflow, by the
// rule of that name.
func checkConditions(p *pass) {
	tell := func(all []condition, accounts ...string) {
		for _, c := range all {
			for _, problem := range c.problems {
				about := word(c.Text, problem)
				if problem.Rule != p.rule.Name || p.leftOutName(about) {
					continue
				}
				lack := slices.DeleteFunc(slices.Clone(accounts), p.WorkflowsConnected)
				crossSell := about == schema.CrossSellProperty && len(lack) > 0
				if crossSell && slices.ContainsFunc(lack, p.unconnected) {
					continue
				}
				f := p.report(c.r, c.Path, "%s", problem.Message).help("%s", capital(problem.Help))
				if crossSell {
					f.help(crossSellHelp, sentence(lack))
				}
				f.within(problem.Start, problem.End)
			}
		}
	}
	for w := range p.workflows() {
		tell(p.conditions(w), w.Account)
	}
	for _, r := range p.Of(schema.KindList) {
		tell(p.membership(r), p.AccountsOf(r.Ref())...)
	}
	for _, r := range p.Of(schema.KindPolicy) {
		tell([]condition{compilePolicy(r)})
	}
}

// word is what a problem is about, where that is one word or one text.
func word(text string, problem expr.Problem) string {
	return strings.Trim(string([]rune(text)[problem.Start:problem.End]), `"'`)
}

// leftOutName reports whether the word that a problem is about may be a property,
// a pipeline or a stage of a document that was left out.
func (p *pass) leftOutName(word string) bool {
	return word != "" && (p.leftOut(schema.KindProperty, word) || p.leftOut(schema.KindPipeline, word))
}

// conditions are the expressions of a workflow, compiled for its account. Where
// it is not known what they see, there are none: that is a finding already.
func (p *pass) conditions(w workflow) []condition {
	if of, ok := p.conditionsOf[w.r]; ok {
		return of
	}
	var out []condition
	if w.account != nil && p.hasObject(w.Account, w.enrolls) {
		for _, c := range w.Conditions() {
			if want, ok := p.wanted(w, c); ok {
				env := p.env(w, c.Use)
				program, problems := env.Compile(c.Text, want)
				out = append(out, condition{c, w.r, program, problems})
			}
		}
	}
	if p.conditionsOf == nil {
		p.conditionsOf = map[*schema.Resource][]condition{}
	}
	p.conditionsOf[w.r] = out
	return out
}

// wanted is what an expression has to yield. It is not known for a value that
// is written to no property, or to one that may not be computed: other rules
// say so.
func (p *pass) wanted(w workflow, c schema.Condition) (string, bool) {
	account, object := w.Account, w.enrolls
	switch c.Use {
	case schema.UseValue:
	case schema.UseCopiedValue:
		account, object = c.In, c.Object
		if !p.computes(w) {
			return "", false
		}
	default:
		return expr.Condition, true
	}
	info, ok := p.properties(account, object)[c.Property]
	return info.Type, ok
}

// scope is what tells the environments of expressions in one account apart.
type scope struct {
	account, object string // of the enrolled record
	property        string // that changed, where the trigger names it
	form            string
	event           bool
	contact         bool // contact may be named
}

// env is the environment of a workflow's expressions. They all see the enrolled
// record under the name of its object, record for a custom one; the contact that
// it is or that contactSource means; the company of either; for a deal its
// contacts; and what the enrollment began with, form and event. In suppress the
// contact is each that an action is about to touch, so that it is always there.
func (p *pass) env(w workflow, use schema.ConditionUse) *expr.Env {
	return p.envOf(scope{
		account: w.Account, object: w.enrolls, property: w.Trigger.Property, form: w.Trigger.Form,
		event:   w.Trigger.Event() != schema.EventManual,
		contact: w.enrolls == schema.Contact || w.ContactSource != "" || use == schema.UseSuppress,
	})
}

func (p *pass) envOf(s scope) *expr.Env {
	if e := p.envs[s]; e != nil {
		return e
	}
	objects := map[string]map[string]schema.PropertyInfo{
		schema.Contact: p.properties(s.account, schema.Contact),
		schema.Company: p.properties(s.account, schema.Company),
	}
	record := s.object
	if !slices.Contains(schema.Objects, record) {
		record = "record"
	}
	objects[record] = p.properties(s.account, s.object)
	if s.event {
		var changed *schema.PropertyInfo
		if info, ok := objects[record][s.property]; ok {
			changed = &info
		}
		objects["event"] = expr.Event(changed)
	}
	if s.form != "" {
		objects["form"] = p.submitted(s.account, s.form)
	}
	out := expr.Scope{Objects: objects, Contacts: s.object == schema.Deal}
	if !s.contact {
		out.Refused = map[string]expr.Refusal{schema.Contact: {
			Rule: "contact-source-missing", Message: "the trigger enrolls no contact", Help: "add a contactSource",
		}}
	}
	e := expr.NewEnv(out)
	if p.envs == nil {
		p.envs = map[scope]*expr.Env{}
	}
	p.envs[s] = e
	return e
}

// submitted are the properties that a submission of the form has. Where the form
// is not declared, which is a finding of its own, it may have any.
func (p *pass) submitted(account, form string) map[string]schema.PropertyInfo {
	all := p.properties(account, schema.Contact)
	f := p.Form(form)
	if f == nil {
		return all
	}
	out := make(map[string]schema.PropertyInfo, len(f.Fields))
	for _, field := range f.Fields {
		if info, ok := all[field]; ok {
			out[field] = info
		}
	}
	return out
}

// membership is the condition of a list, compiled for each of its accounts: it
// sees the record alone. Problems that only some of the accounts have say which.
func (p *pass) membership(r *schema.Resource) []condition {
	l := r.Spec.(*schema.List)
	if l.Membership.Manual() {
		return nil
	}
	if of, ok := p.conditionsOf[r]; ok {
		return of
	}
	c := condition{Condition: schema.Condition{Path: spec.Key("membership").Key("where"), Text: l.Membership.Where}, r: r}
	var accounts []string
	in := map[expr.Problem][]string{}
	for _, account := range p.AccountsOf(r.Ref()) {
		if p.Account(account) == nil || !p.hasObject(account, l.ObjectName()) {
			continue
		}
		accounts = append(accounts, account)
		program, problems := p.listEnv(account, l.ObjectName()).Compile(c.Text, expr.Condition)
		if c.program == nil {
			c.program = program
		}
		for _, problem := range problems {
			if in[problem] == nil {
				c.problems = append(c.problems, problem)
			}
			in[problem] = append(in[problem], account)
		}
	}
	for i, problem := range c.problems {
		if some := in[problem]; len(some) < len(accounts) {
			c.problems[i].Message = "in " + sentence(some) + ": " + problem.Message
		}
	}
	if p.conditionsOf == nil {
		p.conditionsOf = map[*schema.Resource][]condition{}
	}
	p.conditionsOf[r] = []condition{c}
	return p.conditionsOf[r]
}

// listEnv is the environment of the condition of a list.
func (p *pass) listEnv(account, object string) *expr.Env {
	key := [2]string{account, object}
	if e := p.listEnvs[key]; e != nil {
		return e
	}
	record := object
	if !slices.Contains(schema.Objects, record) {
		record = "record"
	}
	e := expr.NewEnv(expr.Scope{Objects: map[string]map[string]schema.PropertyInfo{record: p.properties(account, object)}})
	if p.listEnvs == nil {
		p.listEnvs = map[[2]string]*expr.Env{}
	}
	p.listEnvs[key] = e
	return e
}
