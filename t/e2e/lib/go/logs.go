//go:build logs

package main

import (
	"context"

	"github.com/getsentry/sentry-go"
)

func sendLogs(items map[string]interface{}) {
	logger := sentry.NewLogger(context.Background())
	logger.Warn().Emit(scope.Log.Warn)
	logger.Error().String(scope.Log.Attribute[0],
		scope.Log.Attribute[1]).Emit(scope.Log.Error)

	items["log"] = map[string]interface{}{}
	items["client_report"] = map[string]interface{}{}
}
