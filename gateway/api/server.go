package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// Bounds of a connection. A write may take as long as the longest wait for a receipt and then some.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = MaxWait + 15*time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	shutdownTimeout   = DefaultWait + 2*time.Second
)

// Parts are what the server is made of. A gateway that only reads has no Recorder, Hasher, Quoter, Administrator and Approver; a writer without an operator's identity has
// no Administrator and no Approver.
type Parts struct {
	Member        string // This gateway's member; the merchant of everything that its tills do.
	Programme     string // The programme it sequences; empty for a reader.
	Keys          *Keys
	Recorder      Recorder
	Partners      map[string]Brand // The other brands, by member name.
	Reader        ReadModel
	Hasher        Hasher
	Quoter        Quoter
	Administrator Administrator
	Approver      Approver
	Clearing      Clearing
	People        People // Empty where no customers' data are kept.
	Reports       Reports
	Wallet        http.Handler // The customers' pages, below /wallet/; nil serves none.
	Condition     Condition
	Metrics       *prometheus.Registry
	Tracing       *tracing.Tracing // Nil while it is off.
	Log           *slog.Logger
}

// Server is the HTTP API. It keeps nothing that the ledger, the store or the sequencer don't have.
type Server struct {
	member        string
	programme     string
	keys          *Keys
	recorder      Recorder
	partners      map[string]Brand
	reader        ReadModel
	hasher        Hasher
	quoter        Quoter
	administrator Administrator
	approver      Approver
	clearing      Clearing
	people        People
	reports       Reports
	condition     Condition
	log           *slog.Logger
	rules         map[string]rule
	programs      rules.Cache // Of the rule sets in force.
	metrics       metrics
	engine        *gin.Engine
	heavy         chan struct{} // Taken while a statement or a dry run is made.
	crossOrigin   *http.CrossOriginProtection
}

var _ StrictServerInterface = (*Server)(nil)

type metrics struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	fallbacks *prometheus.CounterVec
}

// New builds the server. INTERNAL when the embedded document is at fault, INVALID_VALUE when a part is missing.
func New(p Parts) (*Server, error) {
	if p.Keys == nil || p.Reader == nil || p.Condition == nil || p.Metrics == nil || p.Log == nil {
		return nil, fault.New(fault.InvalidValue, "the API needs keys, a read model, its condition, metrics and a log")
	}
	if p.Recorder != nil && (p.Hasher == nil || p.Quoter == nil || p.Programme == "") {
		return nil, fault.New(fault.InvalidValue, "a gateway that writes needs a programme, a ledger that quotes, and the secret for its hashes")
	}
	rules, err := documentRules()
	if err != nil {
		return nil, err
	}
	s := &Server{
		member: p.Member, programme: p.Programme, keys: p.Keys, recorder: p.Recorder, partners: p.Partners, reader: p.Reader, hasher: p.Hasher,
		quoter: p.Quoter, administrator: p.Administrator, approver: p.Approver, clearing: p.Clearing, people: p.People, reports: p.Reports, condition: p.Condition, log: p.Log, rules: rules, metrics: newMetrics(p.Metrics),
		heavy: make(chan struct{}, 1),
	}
	if s.crossOrigin, err = protection(p.People.Origin); err != nil {
		return nil, err
	}
	s.engine = s.routes(p.Metrics, traced(p.Tracing))
	if p.Wallet != nil {
		s.engine.GET("/wallet/*page", gin.WrapH(p.Wallet))
		s.engine.HEAD("/wallet/*page", gin.WrapH(p.Wallet))
	}
	p.Tracing.Know(patterns(s.engine))
	return s, nil
}

func newMetrics(registry *prometheus.Registry) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tally_http_requests_total", Help: "Requests by method, route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tally_http_request_seconds", Help: "Time to answer, waiting for receipts included.",
			Buckets: []float64{.001, .005, .01, .05, .1, .2, .3, .5, 1, 2, 5, 10, 30},
		}, []string{"method", "route"}),
	}
	m.fallbacks = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tally_issuer_fallbacks_total", Help: "Operations that were brought to the ledger from here because the issuer's gateway gave no answer.",
	}, []string{"programme"})
	registry.MustRegister(m.requests, m.seconds, m.fallbacks)
	return m
}

func (s *Server) routes(registry *prometheus.Registry, traced []gin.HandlerFunc) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true // Handlers get the gin context as their context: it ends with the request.
	e.Use(identify)
	e.Use(traced...)
	e.Use(s.observe, s.answerErrors, s.recoverPanic)
	e.NoRoute(func(c *gin.Context) {
		abort(c, fault.New(fault.NotFound, "there is no such route; /v1/openapi.yaml lists them"))
	})
	e.NoMethod(s.refuseMethod)
	checked := e.Group("/", s.awaitPeople, s.authorise, s.requireKey, s.readBody)
	checked.GET("/v1/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml", documentYAML) })
	checked.GET("/metrics", gin.WrapH(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	RegisterHandlersWithOptions(checked, NewStrictHandler(s, []StrictMiddlewareFunc{detach}), GinServerOptions{ErrorHandler: parameterError})
	return e
}

// refuseMethod answers 405, which no code of the catalogue means.
func (s *Server) refuseMethod(c *gin.Context) {
	p := problemOf(fault.New(fault.UnknownFunction, "the route doesn't take %s", c.Request.Method), requestID(c))
	p.Status = http.StatusMethodNotAllowed
	writeProblem(c, p)
	c.Abort()
}

// parameterError is told of a path, query or header parameter that the generated code can't read. The values stay out of the answer.
func parameterError(c *gin.Context, _ error, _ int) {
	abort(c, fault.New(fault.Malformed, "a path, query or header parameter is given twice or has the wrong type"))
}

// detach gives handlers a copy of the gin context, because gin uses the original again for another request while a query may still look at it.
func detach(next StrictHandlerFunc, _ string) StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) { return next(c.Copy(), request) }
}

// Handler is the API as a handler, for tests and for serving beside something else.
func (s *Server) Handler() http.Handler { return s.engine }

// PartnerHandler is the API for gateways of other members. memberOf says whose gateway sends a request, by its TLS certificate; its error is told.
func (s *Server) PartnerHandler(memberOf func(*http.Request) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		member, err := memberOf(r)
		s.engine.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, visitor{member, err})))
	})
}

// Serve answers on the listener until ctx ends, then lets running requests finish for at most the longest wait. It returns nil after an orderly end.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	return s.serve(ctx, listener, s.engine)
}

// ServePartners is Serve for gateways of other members: see PartnerHandler. The listener speaks TLS.
func (s *Server) ServePartners(ctx context.Context, listener net.Listener, memberOf func(*http.Request) (string, error)) error {
	return s.serve(ctx, listener, s.PartnerHandler(memberOf))
}

func (s *Server) serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fault.New(fault.Internal, "the HTTP server ended: %v", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fault.New(fault.Internal, "requests were cut off at shutdown: %v", err), server.Close())
	}
	return nil
}
