package main

import (
	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/plan"
)

func driftCommand(e *env) *cobra.Command {
	var (
		format   string
		detailed bool
	)
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show what is different live from what was applied",
		Long: `Reads the accounts and shows what is different from what was applied, and what
the product does about it. It changes nothing, and does not look at whether the
declaration is sound.`,
		Args: cobra.NoArgs,
	}
	formatFlag(cmd, &format, "text", "json")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 2 where there is drift")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		p, err := e.load(ctx)
		if err != nil {
			return err
		}
		s, err := p.openToRead(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		applied, err := s.state.Snapshot(ctx)
		if err != nil {
			return err
		}
		// What was applied stands in for what is declared: what is left is
		// what the accounts have done by themselves.
		declared := p.graph
		if p.graph, err = plan.Applied(applied); err != nil {
			return err
		}
		p.findings = nil
		pl, err := p.planOn(ctx, s, planOptions{refresh: true})
		if err != nil {
			return err
		}
		if r := declared.Project(); r != nil {
			pl.Project = r.Name
		}
		if format == "json" {
			err = view.DriftJSON(e.stdout, pl)
		} else {
			err = view.DriftText(e.stdout, pl, e.style(e.stdout))
		}
		if err != nil {
			return err
		}
		if detailed && len(pl.Drift) > 0 {
			return quiet(exitChanges)
		}
		return nil
	}
	return cmd
}
