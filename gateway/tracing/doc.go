// Package tracing gives a gateway OpenTelemetry traces: what a request waited for, from the till to the commit of its batch, over the gateways of several members.
//
// Traces leave the house: a collector keeps them, and other people read them than those who may read customers' data. So nothing leaves but what the allow-list in this
// package names, whatever the instrumentation has recorded: names of spans, attributes and their values, all from closed sets, numbers or transaction ids. Spans wait in a
// bounded queue, and what doesn't fit is dropped and counted: no operation ever waits for a collector.
//
// Where nothing is traced, the functions here cost some nanoseconds. It imports fault, points and config; everything else in the gateway may import it.
package tracing
