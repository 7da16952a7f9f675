package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/diag"
	"accord/schema/check"
)

func explainCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "explain RULE",
		Short: "Print the reason for a rule, with examples and its source",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return ruleNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	formatFlag(cmd, &format, "text", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		r := check.Named(args[0])
		switch {
		case r == nil:
			return fmt.Errorf("there is no rule %q: %s", args[0], firstSet(diag.DidYouMean(args[0], ruleNames()), "see accord rules"))
		case format == "json":
			return view.RuleJSON(e.stdout, r)
		}
		return view.RuleText(e.stdout, r, e.style(e.stdout))
	}
	return cmd
}

func ruleNames() []string {
	out := make([]string, 0, len(check.Rules))
	for _, r := range check.Rules {
		out = append(out, r.Name)
	}
	return out
}
