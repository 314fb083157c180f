package jsonapi

import "yuzhou/modules/identifiers/wire"

// Outcome is how a request went.
type Outcome struct {
	Code      wire.Code
	Resolving bool // the request was a resolution: that there are no such values is an answer
	Created   bool // a name or values are there now that were not
	Insecure  bool // the request came without TLS, where nobody may sign in
}

// Statuses of HTTP (RFC 9110 §15).
const (
	statusOK              = 200
	statusCreated         = 201
	statusMultipleChoices = 300
	statusBadRequest      = 400
	statusUnauthorized    = 401
	statusForbidden       = 403
	statusNotFound        = 404
	statusConflict        = 409
	statusTooMany         = 429
	statusServerError     = 500
	statusNotImplemented  = 501
	statusUnavailable     = 503
)

// Status returns the status of HTTP for an outcome.
//
// Source: technical manual §14.4 and, for the codes that it does not name, what
// Handle.Net answers; the codes of the Chinese SDKs have the nearest in meaning.
func (o Outcome) Status() int {
	switch o.Code { //nolint:exhaustive // the others are errors of the server
	case wire.Success:
		if o.Created {
			return statusCreated
		}
		return statusOK
	case wire.ValueNotFound:
		if o.Resolving {
			return statusOK
		}
		return statusBadRequest
	case wire.ChallengeNeeded, wire.LogInFirst, wire.SessionTimeout:
		if o.Insecure {
			return statusForbidden
		}
		return statusUnauthorized
	case wire.ServiceReferral, wire.PrefixReferral:
		return statusMultipleChoices
	case wire.NotFound:
		return statusNotFound
	case wire.AlreadyExists, wire.ValueExists:
		return statusConflict
	case wire.OperationDenied:
		return statusNotImplemented
	case wire.ServerBusy, wire.ServerBackup:
		return statusUnavailable
	case wire.DailyLimit:
		return statusTooMany
	}
	return o.refused()
}

// refused returns the status for codes that refuse a request.
func (o Outcome) refused() int {
	switch o.Code { //nolint:exhaustive // the others are errors of the server
	case wire.ProtocolError, wire.InvalidName, wire.InvalidValue, wire.StaleSite, wire.NotResponsible:
		return statusBadRequest
	case wire.InvalidAdmin, wire.AccessDenied, wire.ChallengeFailed, wire.InvalidCredential, wire.ChallengeTimeout,
		wire.UnableToAuthenticate, wire.LoggedInAlready, wire.RegistrationLimit, wire.PrefixLimit, wire.CredentialRejected:
		return statusForbidden
	default:
		return statusServerError
	}
}

// Code returns the code that an answer without a document stands for, as a client.
func Code(status int) wire.Code {
	switch status {
	case statusOK, statusCreated, 204:
		return wire.Success
	case statusBadRequest:
		return wire.ProtocolError
	case statusUnauthorized:
		return wire.ChallengeNeeded
	case statusForbidden:
		return wire.ChallengeFailed
	case statusNotFound:
		return wire.NotFound
	case statusConflict:
		return wire.AlreadyExists
	case statusTooMany, statusUnavailable:
		return wire.ServerBusy
	default:
		return wire.Failed
	}
}
