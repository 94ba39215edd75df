"""Settings under which Ray notices within seconds that a machine does not answer; a night can wait a minute for it."""

# Ray gives a machine up that leaves three questions unanswered.
SOON_MISSED = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "3",
}
