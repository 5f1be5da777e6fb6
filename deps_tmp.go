//go:build depspin

package tallystick

import (
	_ "github.com/HdrHistogram/hdrhistogram-go"
	_ "github.com/getkin/kin-openapi/openapi3"
	_ "github.com/go-json-experiment/json"
	_ "github.com/gin-gonic/gin"
	_ "github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"
	_ "github.com/hyperledger/fabric-admin-sdk/pkg/channel"
	_ "github.com/hyperledger/fabric-chaincode-go/v2/shim"
	_ "github.com/hyperledger/fabric-config/configtx"
	_ "github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
	_ "github.com/hyperledger/fabric-gateway/pkg/client"
	_ "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	_ "github.com/jedib0t/go-pretty/v6/table"
	_ "github.com/oapi-codegen/gin-middleware"
	_ "github.com/oapi-codegen/runtime"
	_ "github.com/pressly/goose/v3"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/viper"
	_ "github.com/transparency-dev/merkle/rfc6962"
	_ "go.uber.org/goleak"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/time/rate"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)
