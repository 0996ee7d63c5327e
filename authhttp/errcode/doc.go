// Package errcode gives every failure a stable code, a text to show and a way
// to be reported.
//
//	what failed                        code                                   who says so
//	no answer in time                  timeout                                we
//	given up by its caller             cancelled                              we
//	refused, reset, unresolved, cut    no_connection                          we
//	an error with an empty text        no_connection                          we
//	an answer that cannot be read      bad_answer                             we
//	anything else                      unhandled                              we
//	status 401, 403, 404               auth_required, forbidden, not_found    the peer
//	status 405, 501                    unknown_method                         the peer
//	status 408, 504                    timeout, gateway_timeout               the peer
//	status 409, 426, 429               conflict, invalid_version,             the peer
//	                                   too_many_requests
//	status 500, 502, 503               internal_server_error, bad_gateway,    the peer
//	                                   service_unavailable
//	a code of the backend's own        that code                              the peer
//
// [Of] finds the code of an error, [SaidByPeer] who decided on it, [Texts] say
// it in the language of a user, and a [Reporter] tells it to a developer.
//
// Its one invariant: every error has exactly one code, which depends on the
// error alone, and a code never changes its text.
//
// It sends nothing by itself, translates no text of a backend, and keeps no
// state.
package errcode
