// Package rules decides how many points an event earns: versioned rule sets, conditions in CEL, structured actions, caps, campaigns, counters and tiers.
//
// A rule set is a public document (Set). Compile checks all of it and makes a Program, which does two things that are kept apart:
// Evaluate reads the event with its private details and gives an Outcome, which is public and stands in the receipt;
// Apply changes an account's Standing by an Outcome and by nothing else, so that who doesn't hold the private details can redo every change of every account.
// An outcome tells which rules gave points and how far counters moved: a rule for a single category shows that something of the category was bought.
//
// Conditions run inside endorsing peers, in the audit and in dry runs, and must give the same answer in all of them. They know integers, strings, booleans, lists and
// maps only; they loop at most one level deep; maps are walked in the order of their keys; their worst cost is bounded before a set can be published; a condition that
// fails at run time is false. Time zones come from a table inside this package, never from the host.
//
// Days: counters, tiers, caps and once-only events follow the programme's business date; conditions and the dates of campaigns follow the till's OccurredAt in the set's zone.
//
// It imports fault, quantity and cel-go; points, wire, engine, the gateway and the audit may import it.
package rules
