package rules

// Limits of a rule set.
const (
	MaxRules         = 64     // Rules in a set.
	MaxCampaigns     = 32     // Campaigns in a set.
	MaxCounters      = 12     // Counters in a set.
	MaxTiers         = 8      // Tiers in a set.
	MaxBrackets      = 16     // Brackets of one tiered rate.
	MaxIDLength      = 32     // Bytes of the id of a rule, group, campaign, counter or tier.
	MaxLanguages     = 8      // Languages of the prose and of a name.
	MaxProseLength   = 4000   // Bytes of the prose in one language.
	MaxNameLength    = 100    // Bytes of a name in one language.
	MaxZoneLength    = 40     // Bytes of an IANA zone's name.
	MaxRollingMonths = 24     // Months of a rolling period.
	MaxGraceDays     = 366    // Days for which a tier is kept longer.
	MaxLanes         = 4096   // Slices that a budget is cut into.
	MaxMinorPerUnit  = 10_000 // Minor units in one unit of the currency.
)

// Limits of a condition.
const (
	MaxConditionLength  = 1000   // Characters.
	MaxConditionNodes   = 300    // Nodes of the expression, macros written out.
	MaxConditionNesting = 24     // Levels of the expression.
	MaxConditionLoops   = 1      // Loops inside each other.
	MaxConditionCost    = 2000   // Worst cost in CEL's units; BenchmarkUnitOfCost shows what one takes.
	MaxSetCost          = 16_000 // Worst cost of all conditions of a set together, for one event.
)

// Limits of an event.
const (
	MaxCategories = 32  // Categories of one receipt.
	MaxTags       = 16  // Tags of one event.
	MaxWordLength = 32  // Bytes of a category or a tag.
	MaxTextLength = 128 // Bytes of store and channel.
	MaxTimeLength = 35  // Bytes of a time, with nine decimals and an offset.
)
