package expr

import (
	"errors"
	"regexp/syntax"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// Bounds on what an expression may cost when it runs. A unit of cost is about a
// nanosecond to ten; the estimate is of the worst case.
const (
	maxCost     = 100_000_000
	maxElements = 1_000  // of a list that an exists goes over
	maxText     = 65_536 // runes of a property
	maxPattern  = 1_000  // instructions of a pattern
)

// pattern checks a regular expression: that it is written out, that it is one,
// and that it stays small when its repetitions are written out.
func (c *check) pattern(e ast.Expr, pattern string, literal bool) bool {
	if !literal {
		c.report(c.span(e), "the pattern of matches is not written out", `write it as a text, as in contact.email.matches("@acme\\.[a-z]+$")`)
		return false
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		reason := err.Error()
		var syntaxErr *syntax.Error
		if errors.As(err, &syntaxErr) {
			reason = syntaxErr.Code.String() + ": " + syntaxErr.Expr
		}
		c.report(c.span(e), quote(pattern)+" is no regular expression", reason)
		return false
	}
	if instructions(re) > maxPattern {
		c.report(c.span(e), "the pattern is too large", "repeat less: {1,1000} counts a thousand times")
		return false
	}
	return true
}

// instructions bounds the size of a compiled pattern without compiling it.
func instructions(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	if re.Op == syntax.OpCharClass {
		n = 1
	}
	for _, sub := range re.Sub {
		n += instructions(sub)
		if n > maxPattern {
			return n
		}
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}

// tooExpensive reports whether an expression with an exists can cost more than
// the bound. One without is bounded by its size.
func tooExpensive(checked *ast.AST) bool {
	estimate, err := cost.Cost(checked, sizes{})
	return err != nil || estimate.Max > maxCost
}

// sizes estimates what an expression reads.
type sizes struct{}

// EstimateCallCost implements cost.Estimator with CEL's own estimates, but for
// contains, which is linear here and not the product of both lengths.
func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if function != overloads.Contains {
		return nil
	}
	return &cost.CallEstimate{CostEstimate: cost.Estimate{Max: maxText / 10}}
}

// EstimateSize implements cost.Estimator.
func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if s := n.ComputedSize(); s != nil {
		return nil
	}
	switch n.Type().Kind() {
	case types.StringKind:
		return &cost.SizeEstimate{Max: maxText}
	case types.ListKind, types.MapKind, types.DynKind:
		return &cost.SizeEstimate{Max: maxElements}
	}
	return nil
}
