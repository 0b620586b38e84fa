Component "esync.meet.jitsi" "event_sync_component"
    -- The rooms whose events are reported.
    muc_component = "muc.meet.jitsi"
    -- The URL that receives the events.
    api_prefix = "https://${BOOKING_HOST}/jitsi"
    -- Authenticates your server to us.
    api_headers = { ["Authorization"] = "Bearer ${JITSI_SERVER_SECRET}" }
    -- Repeats requests while we restart or are unreachable, for 60 minutes: a lost report of a person who
    -- left falsifies attendance.
    api_retry_count = 240
    -- Seconds between two attempts.
    api_retry_delay = 15
