package api

import (
	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// untraced are routes that machines ask all day.
var untraced = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// traced gives the handlers with which a request is traced: under its route's pattern, within the trace that the caller names if it names one. None while tracing is off.
// otelgin records addresses, paths, user agents and errors, too: package tracing lets none of that leave.
func traced(t *tracing.Tracing) []gin.HandlerFunc {
	if t == nil {
		return nil
	}
	begin := otelgin.Middleware("", otelgin.WithTracerProvider(t.Provider()), otelgin.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelgin.WithPropagators(tracing.Propagator{}), otelgin.WithGinFilter(func(c *gin.Context) bool { return !untraced[c.FullPath()] }))
	return []gin.HandlerFunc{begin, tellTrace}
}

// tellTrace tells the caller in which trace the request stands, and the trace how the request ended.
func tellTrace(c *gin.Context) {
	ctx := c.Request.Context()
	tracing.Propagator{}.Inject(ctx, propagation.HeaderCarrier(c.Writer.Header()))
	c.Next()
	if code := c.GetString(codeKey); code != "" {
		trace.SpanFromContext(ctx).SetAttributes(tracing.Code(fault.Code(code)))
	}
}

// traceID is the trace that a request is recorded in; empty when it isn't.
func traceID(c *gin.Context) string {
	if in := trace.SpanContextFromContext(c.Request.Context()); in.IsSampled() {
		return in.TraceID().String()
	}
	return ""
}

// patterns are those of all routes.
func patterns(e *gin.Engine) []string {
	var all []string
	for _, route := range e.Routes() {
		all = append(all, route.Path)
	}
	return all
}
