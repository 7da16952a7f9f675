package main

import (
	"context"
	"sync"

	"accord/crm"
	"accord/schema"
	"accord/schema/expr"
)

// conditions evaluates conditions on the records of an account, typed by the
// properties that the configuration gives it.
type conditions struct {
	graph   *schema.Graph
	account string
}

// compile compiles a condition on the records of an object. What is wrong with
// it is an error that says where.
func (c conditions) compile(object, text string) (*expr.Program, []expr.Problem) {
	env := expr.NewEnv(expr.Scope{Objects: map[string]map[string]schema.PropertyInfo{
		variable(object): c.graph.Properties(c.account, object),
	}})
	return env.Compile(text, expr.Condition)
}

// variable is the name by which a condition sees a record of the object: a
// custom object is called record.
func variable(object string) string {
	switch object {
	case schema.Contact, schema.Company, schema.Deal:
		return object
	}
	return "record"
}

// holds evaluates a condition on a record. A failure is a condition that does not
// hold: package expr has bounded what can fail.
func holds(ctx context.Context, p *expr.Program, r *crm.Record) bool {
	out, err := p.Eval(ctx, expr.Activation{Records: map[string]expr.Record{variable(r.Object): properties(r.Properties)}})
	return err == nil && out.True
}

// properties are the properties of a record as a condition reads them.
type properties map[string]string

// Value implements expr.Record.
func (p properties) Value(property string) (any, bool) {
	v, ok := p[property]
	return v, ok
}

// matcher tells whether a record of the account belongs into a list with a
// condition. A list whose condition does not compile any more has no new
// members.
func (p *project) matcher(account string) func(list *crm.Asset, record *crm.Record) bool {
	c := conditions{p.graph, account}
	var programs sync.Map // object and text → *expr.Program, since every write asks
	return func(list *crm.Asset, record *crm.Record) bool {
		l, ok := list.Spec.(*schema.List)
		if !ok || l.Membership.Manual() || l.ObjectName() != record.Object {
			return false
		}
		key := [2]string{record.Object, l.Membership.Where}
		known, ok := programs.Load(key)
		if !ok {
			program, _ := c.compile(record.Object, l.Membership.Where)
			known, _ = programs.LoadOrStore(key, program)
		}
		program := known.(*expr.Program)
		return program != nil && holds(context.Background(), program, record)
	}
}
