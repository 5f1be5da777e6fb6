package localnet

import (
	"context"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

const (
	readinessPath     = "/readyz"
	readinessInterval = 100 * time.Millisecond
	readinessCall     = 10 * time.Second
	maxReadinessBytes = 4 << 10
)

// Ready asks every gateway whether it is ready until each says yes. A brand's gateway says so when a dry-run endorsement
// through it succeeds; a regulator's, when it follows its peer. NOT_READY repeats what the gateway is missing.
func Ready(ctx context.Context, c *Consortium) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, member := range c.Membership.Members {
		group.Go(func() error { return awaitGateway(ctx, c, member) })
	}
	return group.Wait()
}

func awaitGateway(ctx context.Context, c *Consortium, member membership.Member) error {
	url := "http://" + membership.Address(c.Membership.GatewayPort(member.Name)) + readinessPath
	for {
		said, ready := askReadiness(ctx, url)
		if ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return failure.New(failure.NotReady, "%s isn't ready: %s", membership.GatewayNode(member.Name), said)
		case <-time.After(readinessInterval):
		}
	}
}

// askReadiness gives what the gateway answered, or why it didn't.
func askReadiness(ctx context.Context, url string) (said string, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, readinessCall)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error(), false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error(), false
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxReadinessBytes))
	if err != nil {
		return err.Error(), false
	}
	return string(body), answer.StatusCode == http.StatusOK
}
