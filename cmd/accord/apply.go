package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"accord/apply"
	"accord/cmd/accord/view"
	"accord/plan"
	"accord/state"
)

// applyOptions are how apply and destroy are asked to go about it.
type applyOptions struct {
	planOptions
	apply.Options
	autoApprove  bool
	expectDigest string
	receipt      string // format of the receipt
	receiptInto  string
}

func applyCommand(e *env) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Carry out a plan",
		Long: `Carries out a saved plan, or makes one and asks. A saved plan is its own
approval: where the state or the configuration has changed since, nothing is
changed and the difference is shown (exit 10).

Each change is committed to the state as soon as it is done. The first interrupt
lets what runs finish and starts nothing else; the second cuts it off. What was
cut off or killed is finished by the next apply.`,
		Args: cobra.MaximumNArgs(1),
	}
	applyFlags(cmd, &o)
	f := cmd.Flags()
	f.StringVar(&o.expectDigest, "expect-digest", "", "carry out only a plan with this `DIGEST` (exit 10 otherwise)")
	f.BoolVar(&o.NoDelete, "no-delete", false, "leave out deletions")
	f.BoolVar(&o.AllowMassDelete, apply.FlagAllowMassDelete, false, "allow to delete more than a third of ten or more resources")
	f.BoolVar(&o.AllowEmpty, apply.FlagAllowEmpty, false, "allow a configuration that declares nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var saved *plan.Plan
		if len(args) == 1 {
			var err error
			if saved, err = e.readPlan(args[0]); err != nil {
				return err
			}
			if err := refusePlanFlags(cmd); err != nil {
				return err
			}
		}
		return e.apply(cmd.Context(), o, saved)
	}
	return cmd
}

// applyFlags declares what apply and destroy have in common.
func applyFlags(cmd *cobra.Command, o *applyOptions) {
	planFlags(cmd, &o.planOptions)
	f := cmd.Flags()
	f.BoolVar(&o.autoApprove, "auto-approve", false, "do not ask")
	countFlag(cmd, &o.Parallelism, "parallelism", apply.DefaultParallelism, 1, "`N` changes at the same time")
	choiceFlag(cmd, &o.receipt, "receipt", "`FORMAT` of the receipt", "text", "json", "markdown")
	f.StringVar(&o.receiptInto, "receipt-into", "", "write the receipt as JSON to `FILE` beside the output")
}

// refusePlanFlags refuses flags that say what to plan, where the plan is made.
func refusePlanFlags(cmd *cobra.Command) error {
	for _, name := range []string{"target", "exclude", "no-delete", "through", "refresh"} {
		if cmd.Flags().Changed(name) {
			return &usageError{fmt.Errorf("--%s says what to plan, and a saved plan is made", name), cmd.CommandPath()}
		}
	}
	return nil
}

// apply makes a plan, or takes the saved one, and carries it out.
func (e *env) apply(ctx context.Context, o applyOptions, saved *plan.Plan) error {
	p, err := e.load(ctx)
	if err != nil {
		return err
	}
	if saved != nil {
		o.planOptions = asSaved(saved)
	}
	pl, err := p.plan(ctx, o.planOptions)
	if err != nil {
		return err
	}
	if saved != nil {
		if err := p.refuseStale(saved, pl); err != nil {
			return err
		}
	} else if err := p.showPlan(planStream(e, o), pl, "text", false); err != nil {
		return err
	}
	switch {
	case pl.Errored:
		return quiet(planCode(pl, false))
	case o.expectDigest != "" && o.expectDigest != pl.Digest:
		return &codeError{exitStale, fmt.Errorf("the plan's digest is %s, and not the expected %s: nothing was changed", pl.Digest, o.expectDigest)}
	case len(pl.Changes) == 0:
		if saved != nil {
			_, err = fmt.Fprintln(e.stdout, "No changes. Your accounts match the configuration.")
		}
		return err
	}
	var guard *apply.GuardError
	if err := apply.Guard(pl, o.Options); errors.As(err, &guard) {
		return fmt.Errorf("%w: nothing was changed. Where that is what you want, use --%s", err, guard.Flag)
	} else if err != nil {
		return err
	}
	if saved == nil && !o.autoApprove {
		question := "\nDo you want to perform these actions?"
		if pl.Destroy {
			question = "\nDo you really want to destroy all resources? There is no undo."
		}
		if err := e.approve(question, "auto-approve"); err != nil {
			return err
		}
	}
	return p.carryOut(ctx, pl, o)
}

// planStream is where apply shows its plan: a receipt for machines is alone on
// stdout.
func planStream(e *env, o applyOptions) io.Writer {
	if o.receipt == "text" {
		return e.stdout
	}
	return e.stderr
}

// asSaved are the options with which a saved plan was made.
func asSaved(pl *plan.Plan) planOptions {
	return planOptions{Options: pl.Options, refresh: pl.Refreshed}
}

// refuseStale refuses a saved plan that is no longer what would be planned now,
// and shows the difference.
func (p *project) refuseStale(saved, now *plan.Plan) error {
	var why error
	switch {
	case saved.Base != now.Base:
		why = &apply.StaleError{Plan: saved.Base, State: now.Base}
	case saved.Config != now.Config && !saved.Destroy:
		why = &codeError{exitStale, errors.New("the plan is stale: the configuration has changed since it was made")}
	case saved.Digest != now.Digest:
		why = &codeError{exitStale, errors.New("the plan is stale: the accounts have changed since it was made")}
	default:
		return nil
	}
	if err := view.PlanDifference(p.stdout, saved, now, p.style(p.stdout)); err != nil {
		return err
	}
	return why
}

// carryOut applies the plan under the lock and shows the receipt.
func (p *project) carryOut(ctx context.Context, pl *plan.Plan, o applyOptions) (err error) {
	s, err := p.openToWrite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	operation := "apply"
	if pl.Destroy {
		operation = "destroy"
	}
	var receipt *apply.Receipt
	applied := s.locked(ctx, p.env, operation, func(ctx context.Context, l state.Lease) error {
		snapshot, err := s.state.Snapshot(ctx)
		if err != nil {
			return err
		}
		accounts, err := p.accounts(s, snapshot, pl.Destroy)
		if err != nil {
			return err
		}
		who := p.who(operation)
		o.Run = state.Run{Operation: operation, By: who.Holder, Host: who.Host, Commit: p.commit()}
		o.Open, o.Stop, o.Now = opener(accounts), p.stopping, p.now
		progress := view.NewProgress(p.stderr, view.ProgressOptions{Style: p.style(p.stderr), Total: len(pl.Changes), Now: p.now})
		defer progress.Close()
		o.Observe = progress.Observe
		receipt, err = apply.Run(ctx, s.state, l, pl, o.Options)
		return err
	})
	if receipt == nil || !receipt.Began() {
		return applied
	}
	if receipt.Outcome != state.Done {
		receipt.Next = p.again(p.dir) + " " + operation
	}
	if o.receiptInto != "" {
		if err := p.writeFile(o.receiptInto, func(w io.Writer) error { return view.ReceiptJSON(w, receipt) }); err != nil {
			return err
		}
	}
	if err := p.showReceipt(receipt, o.receipt); err != nil {
		return err
	}
	if applied == nil && receipt.Outcome == state.Done {
		return nil
	}
	return p.partial(receipt, applied)
}

// partial is what a run that did not do everything ends with. Its failures are
// in the receipt that was shown.
func (p *project) partial(r *apply.Receipt, err error) error {
	if code := p.exitCode(err); code >= exitStale {
		return &quietError{code}
	}
	if r.Outcome == state.Failed {
		return quiet(exitError)
	}
	return quiet(exitPartial) // where a signal came, its code
}

func (p *project) showReceipt(r *apply.Receipt, format string) error {
	switch format {
	case "json":
		return view.ReceiptJSON(p.stdout, r)
	case "markdown":
		return view.ReceiptMarkdown(p.stdout, r)
	}
	return view.ReceiptText(p.stdout, r, p.style(p.stdout))
}
