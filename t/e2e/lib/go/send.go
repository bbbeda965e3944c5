// Errors of a Go program, sent with sentry-go as its users do:
//
//	send report|hello|traffic DSN
//
// What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
// sent.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/getsentry/sentry-go"
)

type settings struct {
	Release     string                 `json:"release"`
	Dist        string                 `json:"dist"`
	Environment string                 `json:"environment"`
	ServerName  string                 `json:"server_name"`
	Transaction string                 `json:"transaction"`
	Tags        map[string]string      `json:"tags"`
	Extra       []int                  `json:"extra"`
	Context     map[string]interface{} `json:"context"`
	Breadcrumb  string                 `json:"breadcrumb"`
	Message     string                 `json:"message"`
	Order       int                    `json:"order"`
	Many        []string               `json:"many"`
	Again       [][]interface{}        `json:"again"`
	Attachment  struct {
		Filename string `json:"filename"`
		Base64   []byte `json:"base64"`
	} `json:"attachment"`
	Monitor struct {
		Slug       string  `json:"slug"`
		Crontab    string  `json:"crontab"`
		Margin     int64   `json:"margin"`
		MaxRuntime int64   `json:"max_runtime"`
		Timezone   string  `json:"timezone"`
		Duration   float64 `json:"duration"`
	} `json:"monitor"`
	Log struct {
		Warn      string    `json:"warn"`
		Error     string    `json:"error"`
		Attribute [2]string `json:"attribute"`
	} `json:"log"`
	User struct {
		ID       string `json:"id"`
		Email    string `json:"email"`
		Username string `json:"username"`
		IP       string `json:"ip_address"`
	} `json:"user"`
}

var (
	scope settings
	sent  = map[string]interface{}{}
)

type ConnectionRefused struct{ host string }

func (e *ConnectionRefused) Error() string {
	return "connection refused by " + e.host
}

type PaymentDeclined struct {
	order int
	cause error
}

func (e *PaymentDeclined) Error() string {
	return fmt.Sprintf("order %d not charged", e.order)
}

func (e *PaymentDeclined) Unwrap() error { return e.cause }

type NotFound struct {
	number   int
	customer string
}

func (e *NotFound) Error() string {
	return fmt.Sprintf("order %d of %s not found", e.number, e.customer)
}

func connect(host string) error { return &ConnectionRefused{host} }

func charge(order int) *sentry.EventID {
	err := connect("payments.example.com")
	return sentry.CaptureException(&PaymentDeclined{order,
		fmt.Errorf("paying: %w", err)})
}

func findOrder(number int, customer string) *sentry.EventID {
	return sentry.CaptureException(&NotFound{number, customer})
}

func weigh() *sentry.EventID {
	return sentry.CaptureException(join(
		errors.New("no scales"), errors.New("no parcel")))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func start(tracing bool) {
	options := sentry.ClientOptions{
		Dsn:              os.Args[2],
		Release:          scope.Release,
		Dist:             scope.Dist,
		Environment:      scope.Environment,
		ServerName:       scope.ServerName,
		Debug:            true,
		EnableTracing:    tracing,
		TracesSampleRate: 1.0,
		BeforeSend: func(event *sentry.Event,
			hint *sentry.EventHint) *sentry.Event {

			if event.Tags["drop"] != "" {
				return nil
			}
			return event
		},
	}
	check(sentry.Init(options))
}

func report() {
	start(false)

	sentry.WithScope(func(s *sentry.Scope) {
		s.SetUser(sentry.User{ID: scope.User.ID, Email: scope.User.Email,
			Username: scope.User.Username, IPAddress: scope.User.IP})
		s.SetTags(scope.Tags)
		s.SetContext("order", scope.Context)
		s.SetContext("cart", sentry.Context{"items": scope.Extra})
		s.AddBreadcrumb(&sentry.Breadcrumb{Category: "cart",
			Message: scope.Breadcrumb, Timestamp: time.Now()}, 100)
		s.AddEventProcessor(func(event *sentry.Event,
			hint *sentry.EventHint) *sentry.Event {

			event.Transaction = scope.Transaction
			return event
		})

		s.SetLevel(sentry.LevelFatal)
		sent["chain"] = charge(scope.Order)
		s.SetLevel(sentry.LevelWarning)
		sent["message"] = sentry.CaptureMessage(scope.Message)
	})

	again := []*sentry.EventID{}
	for _, order := range scope.Again {
		sentry.WithScope(func(s *sentry.Scope) {
			s.SetUser(sentry.User{ID: order[1].(string)})
			again = append(again, findOrder(int(order[0].(float64)),
				order[1].(string)))
		})
	}
	sent["again"] = again

	sent["other"] = weigh()

	sentry.WithScope(func(s *sentry.Scope) {
		for _, text := range scope.Many {
			s.AddBreadcrumb(&sentry.Breadcrumb{Category: "many",
				Message: text, Timestamp: time.Now()}, 100)
		}
		sent["large"] = sentry.CaptureMessage("a large event")
	})
}

func hello() {
	start(false)
	sent["hello"] = weigh()
}

func traffic() {
	start(true)

	hub := sentry.CurrentHub().Clone()
	span := sentry.StartTransaction(
		sentry.SetHubOnContext(context.Background(), hub), "nightly")
	child := span.StartChild("db")
	sent["traced"] = hub.CaptureException(errors.New("no parcel"))
	child.Finish()
	span.Finish()
	sent["trace_id"] = span.TraceID.String()

	sentry.WithScope(func(s *sentry.Scope) {
		s.AddAttachment(&sentry.Attachment{
			Filename: scope.Attachment.Filename,
			Payload:  scope.Attachment.Base64})
		sent["attached"] = findOrder(1, "c")
	})

	sentry.WithScope(func(s *sentry.Scope) {
		s.SetTag("drop", "yes")
		weigh()
	})

	monitor := scope.Monitor
	id := sentry.CaptureCheckIn(&sentry.CheckIn{MonitorSlug: monitor.Slug,
		Status: sentry.CheckInStatusInProgress},
		&sentry.MonitorConfig{
			Schedule:      sentry.CrontabSchedule(monitor.Crontab),
			CheckInMargin: monitor.Margin,
			MaxRuntime:    monitor.MaxRuntime,
			Timezone:      monitor.Timezone})
	sentry.CaptureCheckIn(&sentry.CheckIn{ID: *id,
		MonitorSlug: monitor.Slug, Status: sentry.CheckInStatusOK,
		Duration: time.Duration(monitor.Duration * float64(time.Second))},
		nil)

	items := map[string]interface{}{
		"attachment":  map[string]interface{}{"event_id": sent["attached"]},
		"check_in":    map[string]interface{}{"id": id, "configured": true},
		"transaction": map[string]interface{}{},
	}
	sendLogs(items)
	sent["items"] = items
}

func main() {
	check(json.Unmarshal([]byte(os.Getenv("ET_SCOPE")), &scope))

	sent["version"] = sentry.SDKVersion

	switch os.Args[1] {
	case "report":
		report()
	case "hello":
		hello()
	case "traffic":
		traffic()
	}

	if !sentry.Flush(20 * time.Second) {
		check(errors.New("not all was sent"))
	}

	line, err := json.Marshal(sent)
	check(err)
	fmt.Println("SENT " + string(line))
}
