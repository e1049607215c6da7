"""The console's addresses: everything of a brand is below /b/<slug>/."""

from django.urls import URLPattern, URLResolver, include, path

from monitor.console.views import alerts, answer, brand, case, case_acts, channels, entry, posts, queue, trends

of_case: list[URLPattern | URLResolver] = [
    path("", case.show_case, name="case"),
    path("count/", answer.count, name="case_count"),
    path("preview/", answer.preview, name="case_preview"),
    path("decline/", answer.decline, name="case_decline"),
    path("replies/<uuid:public_id>/", answer.show_reply, name="reply"),
    path("replies/<uuid:public_id>/approve/", answer.approve, name="reply_approve"),
    path("replies/<uuid:public_id>/submit/", answer.submit, name="reply_submit"),
    path("replies/<uuid:public_id>/withdraw/", answer.withdraw, name="reply_withdraw"),
    path("replies/<uuid:public_id>/answered/", answer.confirm_native, name="reply_confirm_native"),
    path("claim/", case_acts.claim, name="case_claim"),
    path("release/", case_acts.release, name="case_release"),
    path("assign/", case_acts.assign, name="case_assign"),
    path("resolve/", case_acts.resolve, name="case_resolve"),
    path("reopen/", case_acts.reopen, name="case_reopen"),
    path("snooze/", case_acts.snooze, name="case_snooze"),
    path("wake/", case_acts.wake, name="case_wake"),
    path("note/", case_acts.note, name="case_note"),
    path("escalate/", case_acts.escalate, name="case_escalate"),
    path("hand-off/", case_acts.hand_off, name="case_hand_off"),
    path("hand-off/confirm/", case_acts.confirm_hand_off, name="case_confirm_hand_off"),
    path("correct/", case_acts.correct, name="case_correct"),
    path("not-a-complaint/", case_acts.not_a_complaint, name="case_not_a_complaint"),
]
of_brand: list[URLPattern | URLResolver] = [
    path("queue/", queue.show_queue, name="queue"),
    path("queue/bulk/", case_acts.act_in_bulk, name="queue_bulk"),
    path("queue/news/", queue.show_queue_news, name="queue_news"),
    path("cases/<slug:reference>/", include(of_case)),
    path("posts/", posts.show_posts, name="posts"),
    path("trends/", trends.show_trends, name="trends"),
    path("trends/export/", trends.export_file, name="trends_export"),
    path("alerts/", alerts.show_alerts, name="alerts"),
    path("alerts/<int:alert_id>/close/", alerts.close, name="alert_close"),
    path("channels/", channels.show_channels, name="channels"),
    path("put-aside/", channels.show_quarantine, name="quarantine"),
    path("put-aside/retry/", channels.retry_posts, name="quarantine_retry"),
    path("put-aside/<int:event_id>/replay/", channels.replay, name="quarantine_replay"),
    path("channels/<int:channel_id>/pause/", channels.pause_or_resume, name="channel_pause"),
    path("settings/", brand.show_settings, name="settings"),
    path("settings/switch/", brand.turn_switch, name="settings_switch"),
    path("settings/thresholds/", brand.change_thresholds, name="settings_thresholds"),
    path("people/", brand.show_people, name="people"),
    path("people/add/", brand.add_person, name="people_add"),
    path("people/<int:user_id>/role/", brand.change_role, name="people_role"),
    path("remove-demo/", brand.remove_demo, name="remove_demo"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", entry.show_home, name="home"),
    path("login/", entry.log_in, name="login"),
    path("login/link/<str:token>/", entry.use_link, name="login_link"),
    path("logout/", entry.log_out, name="logout"),
    path("me/", entry.show_profile, name="profile"),
    path("me/password/", entry.change_password, name="profile_password"),
    path("brands/new/", brand.start_brand, name="new_brand"),
    path("b/<slug:slug>/", include(of_brand)),
]
