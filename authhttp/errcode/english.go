package errcode

func english(code Code) string {
	switch code {
	case NoConnection:
		return "There is no connection to the server. Check your internet connection."
	case Timeout:
		return "The server took too long to answer. Please try again."
	case Unhandled:
		return "Something went wrong. Please try again later."
	case NotFound:
		return "What you are looking for could not be found."
	case Forbidden:
		return "You do not have access to this."
	case PermissionDenied:
		return "You do not have permission to do this."
	case ServiceUnavailable:
		return "The service is temporarily unavailable. Please try again later."
	case InternalServerError:
		return "An error occurred on the server. Please try again later."
	case BadGateway:
		return "The server is not working properly at the moment. Please try again later."
	case GatewayTimeout:
		return "The service did not answer in time. Please try again later."
	case FailedAuth:
		return "You could not be logged in. Check your login and password."
	case AuthRequired:
		return "Please log in to continue."
	case MissingCredentials:
		return "Please enter your login and password."
	case InvalidToken:
		return "Your session is no longer valid. Please log in again."
	case InvalidVersion:
		return "This version of the app is no longer supported. Please update it."
	case UnknownMethod:
		return "The server cannot do this. The app may need an update."
	case Busy:
		return "Another action is still in progress. Please wait until it finishes."
	case LoggedIn:
		return "You are already logged in."
	case LoggedOut:
		return "You are logged out. Please log in to continue."
	case NotSupported:
		return "This action is not supported."
	case Cancelled:
		return "The action was cancelled."
	case TooManyRequests:
		return "There were too many requests. Please wait a little and try again."
	case BadRequest:
		return "The server did not accept the request. Check what you have entered."
	case Conflict:
		return "The data has changed in the meantime. Refresh it and try again."
	case Dropped:
		return "The message was not sent. Please send it again."
	case BufferFull:
		return "Too many messages are waiting to be sent. Please wait a little and try again."
	case OutcomeUnknown:
		return "The connection was lost before the server answered. Check whether the action went through before you repeat it."
	case SocketClosed:
		return "The connection is closed."
	case SocketFailed:
		return "The connection to the server could not be restored. Please try again later."
	case Expired:
		return "Your session has expired. Please log in again."
	case BadAnswer:
		return "The server sent an answer that cannot be read. Please try again later."
	}
	return ""
}
