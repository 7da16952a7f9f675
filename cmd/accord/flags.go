package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// formatFlag declares --format with its words, the first being the default.
func formatFlag(cmd *cobra.Command, format *string, words ...string) {
	choiceFlag(cmd, format, "format", "`FORMAT` of the output", words...)
}

// choiceFlag declares a flag that takes one of a few words, the first being the
// default.
func choiceFlag(cmd *cobra.Command, value *string, name, usage string, words ...string) {
	*value = words[0]
	optionFlag(cmd, value, name, usage, words...)
}

// optionFlag declares a flag that takes one of a few words, or is left out.
func optionFlag(cmd *cobra.Command, value *string, name, usage string, words ...string) {
	cmd.Flags().Var(&choice{value, words}, name, usage+": "+strings.Join(words, ", "))
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that does not exist
}

// choice is a flag's value out of a few words.
type choice struct {
	value *string
	words []string
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "FORMAT" }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("it takes %s", strings.Join(c.words, ", "))
	}
	*c.value = s
	return nil
}

// countFlag declares a flag that takes a number, which is not less than least.
func countFlag(cmd *cobra.Command, value *int, name string, normal, least int, usage string) {
	*value = normal
	cmd.Flags().Var(&number{value, least}, name, usage)
}

// number is a flag's value that has a bound.
type number struct {
	value *int
	least int
}

func (n *number) String() string { return strconv.Itoa(*n.value) }
func (n *number) Type() string   { return "int" }

func (n *number) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil || v < n.least {
		return fmt.Errorf("it takes a number, %d or more", n.least)
	}
	*n.value = v
	return nil
}

// wait is a flag's value that says how long to wait.
type wait time.Duration

func (w *wait) String() string { return time.Duration(*w).String() }
func (w *wait) Type() string   { return "duration" }

func (w *wait) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return errors.New("it takes a duration such as 10s, or 0 for none")
	}
	*w = wait(d)
	return nil
}

// noSuchCommand refuses arguments of a command that has only subcommands, and
// suggests the one that was meant.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	err := fmt.Errorf("%s has no command %q%s", cmd.CommandPath(), args[0], suggestion(args[0], names))
	return &usageError{err, cmd.CommandPath()}
}
