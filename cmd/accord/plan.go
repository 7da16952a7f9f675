package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/diag"
	"accord/plan"
	"accord/schema"
)

func planCommand(e *env) *cobra.Command {
	var (
		o        planOptions
		out      string
		jsonInto string
		detailed bool
		concise  bool
		format   string
	)
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would change",
		Long: `Checks the configuration, reads the state and the accounts' live facts, and
shows what would change and what that sets off. It holds no lock, and what it
reads the accounts through has no method that writes.`,
		Args: cobra.NoArgs,
	}
	formatFlag(cmd, &format, "text", "json", "markdown", "github", "gitlab")
	planFlags(cmd, &o)
	f := cmd.Flags()
	f.BoolVar(&o.Destroy, "destroy", false, "plan the removal of everything")
	f.StringVar(&out, "out", "", "save the plan to `FILE`, for apply")
	f.StringVar(&jsonInto, "json-into", "", "write the plan as JSON to `FILE` beside the output")
	f.BoolVar(&detailed, "detailed-exitcode", false, "exit 2 where there are changes")
	f.BoolVar(&o.All, "all", false, "list what stays as it is, too (text and JSON; a saved plan never has it)")
	f.BoolVar(&concise, "concise", false, "a line for each change")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		p, err := e.load(ctx)
		if err != nil {
			return err
		}
		pl, err := p.plan(ctx, o)
		if err != nil {
			return err
		}
		if jsonInto != "" {
			if err := e.writeFile(jsonInto, func(w io.Writer) error { return view.PlanJSON(w, pl) }); err != nil {
				return err
			}
		}
		if out != "" && !pl.Errored {
			if err := e.writeFile(out, pl.Save); err != nil {
				return err
			}
		}
		if err := p.showPlan(e.stdout, pl, format, concise); err != nil {
			return err
		}
		if out != "" && !pl.Errored {
			fmt.Fprintf(e.stderr, "\nSaved the plan to %s. To carry out exactly this plan:\n    %s apply %s\n", out, e.again(e.dir), out)
		}
		return quiet(planCode(pl, detailed))
	}
	return cmd
}

// planFlags declares what plan, apply and destroy have in common.
func planFlags(cmd *cobra.Command, o *planOptions) {
	o.cmd = cmd
	f := cmd.Flags()
	f.BoolVar(&o.refresh, "refresh", true, "read the accounts' live facts")
	f.StringArrayVar(&o.Targets, "target", nil, "only this `ADDRESS` (or glob) and what it needs; repeatable")
	f.StringArrayVar(&o.Excludes, "exclude", nil, "not this `ADDRESS` (or glob) nor what needs it; repeatable")
	f.StringVar(&o.Through, "through", "", "the `ACCOUNT` whose right to change the organization is used (default the primary)")
}

// showPlan writes a plan in a format.
func (p *project) showPlan(w io.Writer, pl *plan.Plan, format string, concise bool) error {
	return showPlan(p.env, w, pl, format, concise, p.loaded.Line)
}

func showPlan(e *env, w io.Writer, pl *plan.Plan, format string, concise bool, line view.Lines) error {
	switch format {
	case "json":
		return view.PlanJSON(w, pl)
	case "markdown":
		return view.PlanMarkdown(w, pl)
	case "github":
		return view.PlanGitHub(w, pl)
	case "gitlab":
		return view.PlanGitLab(w, pl)
	}
	return view.PlanText(w, pl, view.PlanOptions{Style: e.style(w), Concise: concise, Line: line})
}

// planCode is the exit code of a plan. A policy that refuses is not the same as
// a configuration that is wrong.
func planCode(pl *plan.Plan, detailed bool) int {
	switch {
	case pl.Errored && onlyPolicies(pl):
		return exitRefused
	case pl.Errored:
		return exitError
	case detailed && pl.HasChanges():
		return exitChanges
	}
	return exitOK
}

// onlyPolicies reports whether nothing but the team's own rules stands in the way.
func onlyPolicies(pl *plan.Plan) bool {
	return !slices.ContainsFunc(pl.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && !strings.HasPrefix(d.Rule, string(schema.KindPolicy)+"/")
	})
}
