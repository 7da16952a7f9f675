package main

import (
	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/schema/check"
)

func accountsCommand(e *env) *cobra.Command {
	var (
		format               string
		eligible, ineligible bool
	)
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "Show each account with its organization, or the rules that keep it out",
		Args:  cobra.NoArgs,
	}
	formatFlag(cmd, &format, "text", "json")
	cmd.Flags().BoolVar(&eligible, "eligible", false, "only accounts that can be in an organization")
	cmd.Flags().BoolVar(&ineligible, "ineligible", false, "only accounts that cannot")
	cmd.MarkFlagsMutuallyExclusive("eligible", "ineligible")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		p, err := e.load(ctx)
		if err != nil {
			return err
		}
		accounts := check.Accounts(p.graph)
		if eligible || ineligible {
			accounts = check.Only(accounts, eligible)
		}
		if format == "json" {
			return view.AccountsJSON(e.stdout, accounts)
		}
		return view.AccountsText(e.stdout, accounts, e.style(e.stdout))
	}
	return cmd
}
