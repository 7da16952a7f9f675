package main

import (
	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/schema/check"
)

func rulesCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{Use: "rules", Short: "List the rules", Args: cobra.NoArgs}
	formatFlag(cmd, &format, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if format == "json" {
			return view.RulesJSON(e.stdout, check.Rules)
		}
		return view.RulesText(e.stdout, check.Rules, e.style(e.stdout))
	}
	return cmd
}
