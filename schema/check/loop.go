package check

import (
	"fmt"
	"slices"
	"strings"

	"accord/schema"
)

// Loops of workflows, found before anything runs.
//
// The graph has two kinds of nodes, workflows and effects:
//
//	workflow ──does──▶ effect ──sets off──▶ workflow
//
// A cycle in it can go on for ever only where each effect in it can come about
// again and again. So from every strongly connected part is taken away what
// comes to rest by itself:
//
//   - a creation of a contact: contacts are matched by email, and the second time
//     it is there;
//   - an effect on a workflow that enrolls a record once or a bounded number of
//     times, unless the record is a new one each time (a created deal, or one
//     that a workflow enrolled because it was created);
//   - a constant that nothing in the part writes over with another value: the
//     second write changes nothing, unless the record is a new one;
//   - a value that is written only where nothing is set (existing: keep), where
//     nothing in the part clears it, unless the record is a new one.
//
// Taking something away can break the part up, so it is done until nothing more
// goes. Of what is left, a shortest cycle through each workflow is reported.

func checkLoops(p *pass) {
	e := p.effects()
	l := loops{effects: e}
	for _, part := range l.everlasting() {
		for _, cycle := range l.shortest(part) {
			l.report(cycle)
		}
	}
}

// loops is the graph: nodes below len(workflows) are workflows, those above are
// effects.
type loops struct {
	*effects
	does [][]int // by workflow: effects as nodes, in ascending order
	sets [][]int // by effect: the workflows that it sets off
	left []bool  // by node: still in
}

func (l *loops) effectOf(node int) effect { return l.all[node-len(l.workflows)] }
func (l *loops) isWorkflow(node int) bool { return node < len(l.workflows) }
func (l *loops) next(node int) []int {
	if l.isWorkflow(node) {
		return l.does[node]
	}
	return l.sets[node-len(l.workflows)]
}

// everlasting returns the strongly connected parts in which every effect can
// come about again and again, each with its nodes in ascending order.
func (l *loops) everlasting() [][]int {
	n := len(l.workflows)
	l.does, l.sets = make([][]int, n), make([][]int, len(l.all))
	for w, of := range l.of {
		for _, o := range of {
			if x := l.all[o.effect]; !o.reaches || x.how == joins || x.how == creates && !x.again {
				continue
			}
			l.does[w] = append(l.does[w], n+o.effect)
			if l.sets[o.effect] == nil {
				l.sets[o.effect] = slices.Clone(l.triggered(o.effect))
			}
		}
		slices.Sort(l.does[w])
		l.does[w] = slices.Compact(l.does[w])
	}
	all := make([]int, n+len(l.all))
	l.left = make([]bool, len(all))
	for node := range all {
		all[node], l.left[node] = node, true
	}
	var out [][]int
	for work := l.parts(all); len(work) > 0; {
		part := work[len(work)-1]
		work = work[:len(work)-1]
		if l.settle(part) {
			work = append(work, l.parts(part)...)
		} else {
			out = append(out, part)
		}
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

// settle takes away from a part what comes to rest, and reports whether it did.
func (l *loops) settle(part []int) bool {
	in := make(map[int]bool, len(part))
	for _, node := range part {
		in[node] = true
	}
	fresh := l.fresh(part, in)
	changed := false
	for _, node := range part {
		if l.isWorkflow(node) {
			continue
		}
		x := node - len(l.workflows)
		before := len(l.sets[x])
		l.sets[x] = slices.DeleteFunc(l.sets[x], func(w int) bool { return in[w] && !fresh[node] && !l.unbounded(w) })
		changed = changed || len(l.sets[x]) < before
	}
	over, kept := l.values(part)
	for _, node := range part {
		if l.isWorkflow(node) || l.effectOf(node).how != writes || fresh[node] {
			continue
		}
		x := l.effectOf(node)
		values := len(over[x.field()])
		if over[x.field()][cleared] {
			values += len(kept[x.field()]) // what is cleared can be set again
		}
		switch {
		case x.keep && !over[x.field()][cleared],
			!x.keep && isConstant(x.value) && values < 2:
			l.left[node] = false
			changed = true
		}
	}
	return changed
}

// field is a property of an object in an account.
type field struct{ account, object, property string }

func (x effect) field() field { return field{x.account, x.object, x.property} }

// values are what the workflows of a part write to each property, also where
// that sets off none of them: over what is there, and where nothing is set.
func (l *loops) values(part []int) (over, kept map[field]map[string]bool) {
	over, kept = map[field]map[string]bool{}, map[field]map[string]bool{}
	for _, node := range part {
		if !l.isWorkflow(node) {
			continue
		}
		for _, y := range l.does[node] {
			x, to := l.effectOf(y), over
			if x.how != writes {
				continue
			}
			if x.keep {
				to = kept
			}
			if to[x.field()] == nil {
				to[x.field()] = map[string]bool{}
			}
			to[x.field()][x.value] = true
		}
	}
	return over, kept
}

// unbounded reports whether a workflow enrolls the same record any number of
// times.
func (l *loops) unbounded(w int) bool {
	r := l.workflows[w].Reenroll
	return r != nil && !r.Never && r.Max == 0
}

// fresh are the nodes of a part that are about a new record at each turn: what
// creates one, the workflows that this enrolls, and what those write to it.
func (l *loops) fresh(part []int, in map[int]bool) map[int]bool {
	out := map[int]bool{}
	var work []int
	add := func(node int) {
		if in[node] && l.left[node] && !out[node] {
			out[node] = true
			work = append(work, node)
		}
	}
	for _, node := range part {
		if !l.isWorkflow(node) && l.effectOf(node).again {
			add(node)
		}
	}
	for len(work) > 0 {
		node := work[len(work)-1]
		work = work[:len(work)-1]
		for _, next := range l.next(node) {
			// A workflow writes to the enrolled record in its own account.
			if !l.isWorkflow(node) || l.effectOf(next).account == l.workflows[node].Account {
				add(next)
			}
		}
	}
	return out
}

// parts returns the strongly connected parts of more than one node among the
// nodes that are left: Tarjan's algorithm, without recursion. An effect is never
// next to an effect, so that a cycle has two nodes at least.
func (l *loops) parts(nodes []int) [][]int {
	in := make(map[int]bool, len(nodes))
	for _, n := range nodes {
		in[n] = l.left[n]
	}
	var (
		out     [][]int
		stack   []int
		onStack = map[int]bool{}
		number  = map[int]int{} // from 1, in the order of the visit
		low     = map[int]int{}
	)
	type frame struct{ node, next int }
	for _, root := range nodes {
		if !in[root] || number[root] != 0 {
			continue
		}
		for calls := []frame{{node: root}}; len(calls) > 0; {
			f := &calls[len(calls)-1]
			if f.next == 0 {
				number[f.node] = len(number) + 1
				low[f.node] = number[f.node]
				stack, onStack[f.node] = append(stack, f.node), true
			}
			if next := l.next(f.node); f.next < len(next) {
				to := next[f.next]
				f.next++
				switch {
				case !in[to]:
				case number[to] == 0:
					calls = append(calls, frame{node: to})
				case onStack[to]:
					low[f.node] = min(low[f.node], number[to])
				}
				continue
			}
			node := f.node
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				parent := calls[len(calls)-1].node
				low[parent] = min(low[parent], low[node])
			}
			if low[node] == number[node] {
				i := len(stack) - 1
				for ; stack[i] != node; i-- {
					onStack[stack[i]] = false
				}
				onStack[node] = false
				if part := slices.Sorted(slices.Values(stack[i:])); len(part) > 1 {
					out = append(out, part)
				}
				stack = stack[:i]
			}
		}
	}
	return out
}

// mostVisits bounds the search for shortest cycles in one part, so that a part
// of thousands of workflows, which is one mistake, is not searched from each.
const mostVisits = 100_000

// shortest returns a shortest cycle through each workflow of a part, each cycle
// once: workflows and effects in turn, the workflow that comes first by name at
// the beginning.
func (l *loops) shortest(part []int) [][]int {
	in := make(map[int]bool, len(part))
	for _, node := range part {
		in[node] = true
	}
	var out [][]int
	seen := map[string]bool{}
	visits := 0
	for _, start := range part {
		if !l.isWorkflow(start) || len(out) > 0 && visits > mostVisits {
			break
		}
		from := map[int]int{} // node → the one before it
		queue := []int{start}
		for found := false; len(queue) > 0 && !found; {
			node := queue[0]
			queue = queue[1:]
			for _, next := range l.next(node) {
				visits++
				if _, known := from[next]; known || !in[next] || !l.left[next] {
					continue
				}
				from[next] = node
				if found = next == start; found {
					break
				}
				queue = append(queue, next)
			}
		}
		cycle := []int{start}
		for node := from[start]; node != start; node = from[node] {
			cycle = append(cycle, node)
		}
		slices.Reverse(cycle[1:])
		cycle = rotated(cycle)
		if key := fmt.Sprint(cycle); !seen[key] {
			seen[key] = true
			out = append(out, cycle)
		}
	}
	return out
}

// rotated lets a cycle begin with its lowest node.
func rotated(cycle []int) []int {
	i := slices.Index(cycle, slices.Min(cycle))
	return append(slices.Clone(cycle[i:]), cycle[:i]...)
}

func (l *loops) report(cycle []int) {
	first := l.workflows[cycle[0]]
	var way strings.Builder
	deals, names := false, []string{}
	for i := 0; i < len(cycle); i += 2 {
		w, x := l.workflows[cycle[i]], l.effectOf(cycle[i+1])
		fmt.Fprintf(&way, "%v %s → ", w.r.Ref(), l.said(cycle[i+1]-len(l.workflows)))
		deals = deals || x.again
		names = append(names, w.r.Ref().String())
	}
	what := "these workflows can trigger each other for ever"
	if len(cycle) == 2 {
		what = "this workflow can trigger itself for ever"
	}
	f := l.p.report(first.r, l.where(cycle, 0), "%s: %s%v", what, way.String(), first.r.Ref())
	if deals {
		f.help("Narrow the condition of %s, so that what the cycle creates does not meet it: each turn makes a new record.", either(names))
	} else {
		f.help("Let %s enroll a record once (reenroll: false) or so often (reenroll: {max: 5}), or narrow its condition.", either(names))
	}
	for i := 2; i < len(cycle); i += 2 {
		f.see(l.workflows[cycle[i]].r, l.where(cycle, i), "%v goes on with it here", l.workflows[cycle[i]].r.Ref())
	}
}

func either(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + sentence(names)
}

// where is the place of the step that makes the effect behind the i-th node.
func (l *loops) where(cycle []int, i int) schema.Path {
	for _, o := range l.of[cycle[i]] {
		if o.effect == cycle[i+1]-len(l.workflows) && o.reaches {
			return o.at
		}
	}
	return spec
}
