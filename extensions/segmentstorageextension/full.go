package segmentstorageextension

import (
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retryAfter is when an OTLP client is asked to come again: deliveries make room
// within a moment if they go on, and clients hold little.
const retryAfter = time.Second

// fullError says that there is no room for now. A receiver that speaks gRPC or OTLP over
// HTTP tells it to its client as UNAVAILABLE or 503, with the time after which to try again.
type fullError struct{ error }

func (e fullError) Unwrap() []error { return []error{storage.ErrStorageFull, e.error} }

// GRPCStatus is what a receiver answers.
func (e fullError) GRPCStatus() *status.Status {
	s := status.New(codes.Unavailable, e.Error())
	detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)})
	if err != nil {
		return s // it may be tried again without it, too
	}
	return detailed
}
