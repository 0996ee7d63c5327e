package errcode

func russian(code Code) string {
	switch code {
	case NoConnection:
		return "Нет связи с сервером. Проверьте подключение к интернету."
	case Timeout:
		return "Сервер слишком долго не отвечает. Попробуйте ещё раз."
	case Unhandled:
		return "Что-то пошло не так. Попробуйте позже."
	case NotFound:
		return "Не удалось найти то, что вы ищете."
	case Forbidden:
		return "У вас нет доступа к этим данным."
	case PermissionDenied:
		return "У вас недостаточно прав для этого действия."
	case ServiceUnavailable:
		return "Сервис временно недоступен. Попробуйте позже."
	case InternalServerError:
		return "На сервере произошла ошибка. Попробуйте позже."
	case BadGateway:
		return "Сервер сейчас работает со сбоями. Попробуйте позже."
	case GatewayTimeout:
		return "Сервис не ответил вовремя. Попробуйте позже."
	case FailedAuth:
		return "Не удалось войти. Проверьте логин и пароль."
	case AuthRequired:
		return "Войдите, чтобы продолжить."
	case MissingCredentials:
		return "Введите логин и пароль."
	case InvalidToken:
		return "Сеанс больше не действителен. Войдите ещё раз."
	case InvalidVersion:
		return "Эта версия приложения больше не поддерживается. Обновите приложение."
	case UnknownMethod:
		return "Сервер не может выполнить это действие. Возможно, нужно обновить приложение."
	case Busy:
		return "Предыдущее действие ещё выполняется. Дождитесь его завершения."
	case LoggedIn:
		return "Вы уже вошли."
	case LoggedOut:
		return "Вы вышли из учётной записи. Войдите, чтобы продолжить."
	case NotSupported:
		return "Это действие не поддерживается."
	case Cancelled:
		return "Действие отменено."
	case TooManyRequests:
		return "Слишком много запросов. Подождите немного и попробуйте снова."
	case BadRequest:
		return "Сервер не принял запрос. Проверьте введённые данные."
	case Conflict:
		return "Данные успели измениться. Обновите их и попробуйте снова."
	case Dropped:
		return "Сообщение не отправлено. Отправьте его ещё раз."
	case BufferFull:
		return "Слишком много сообщений ожидает отправки. Подождите немного и попробуйте снова."
	case OutcomeUnknown:
		return "Связь прервалась до того, как сервер ответил. Прежде чем повторять действие, проверьте, не выполнено ли оно."
	case SocketClosed:
		return "Соединение закрыто."
	case SocketFailed:
		return "Не удалось восстановить соединение с сервером. Попробуйте позже."
	case Expired:
		return "Время сеанса истекло. Войдите ещё раз."
	case BadAnswer:
		return "Не удалось прочитать ответ сервера. Попробуйте позже."
	}
	return ""
}
