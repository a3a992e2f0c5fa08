"""Sentences about ports, sticks and the radio. Key: (English, Japanese)."""

SENTENCES = {
    "port_missing": (
        "The port {port} doesn't exist: plug the Wi-SUN stick in.",
        "ポート {port} が見つかりません。Wi-SUN スティックを差し込んでください。",
    ),
    "port_forbidden": (
        "The port {port} may not be opened: give this program access to serial ports.",
        "ポート {port} を開く権限がありません。シリアルポートへのアクセスを許可してください。",
    ),
    "port_busy": (
        "The port {port} is in use by {program}: stop that program or choose another port.",
        "ポート {port} は {program} が使用中です。そのプログラムを止めるか、別のポートを"
        "選んでください。",
    ),
    "port_not_serial": (
        "{port} is not a serial port: choose another one.",
        "{port} はシリアルポートではありません。別のポートを選んでください。",
    ),
    "port_failed": (
        "The port {port} can't be opened ({reason}); unplug the stick and plug it in again.",
        "ポート {port} を開けません（{reason}）。スティックを差し直してください。",
    ),
    "port_lost": (
        "The stick at {port} has gone; plug it in again.",
        "{port} のスティックが外れました。差し直してください。",
    ),
    "port_closed": (
        "The port {port} has been closed.",
        "ポート {port} は閉じられました。",
    ),
    "dongle_silent": (
        "Nothing at {port} answers as a Wi-SUN stick does; unplug it and plug it in again, or "
        "choose another port.",
        "{port} から Wi-SUN スティックの応答がありません。差し直すか、別のポートを選んでください。",
    ),
    "dongle_unknown": (
        "The stick at {port} speaks a language that isn't known ({count} bytes heard); please "
        "report its model.",
        "{port} のスティックは未対応の言語で応答しています（{count} バイト受信）。"
        "機種名をお知らせください。",
    ),
    "stick_baud": (
        "The stick at {port} is set to {baud} baud instead of 115200; it is used as it is.",
        "{port} のスティックは 115200 ではなく {baud} ボーに設定されています。このまま使用します。",
    ),
    "dongle_timeout": (
        "The Wi-SUN stick didn't complete {command} in time; it is reset.",
        "Wi-SUN スティックが時間内に {command} を完了しませんでした。リセットします。",
    ),
    "dongle_mute": (
        "The Wi-SUN stick no longer answers; if this stays so, unplug it and plug it in again.",
        "Wi-SUN スティックが応答しなくなりました。続く場合は差し直してください。",
    ),
    "command_refused": (
        "The Wi-SUN stick refused {command} ({code}).",
        "Wi-SUN スティックが {command} を拒否しました（{code}）。",
    ),
    "pan_not_found": (
        "No meter with this Route-B ID is in reach: move the stick nearer to the meter and check "
        "the ID.",
        "この B ルート認証 ID のメーターが見つかりません。スティックをメーターに近づけ、ID を"
        "確認してください。",
    ),
    "join_refused": (
        "The meter refused the login: probably the Route-B ID or password is wrong.",
        "メーターがログインを拒否しました。B ルート認証 ID かパスワードが違う可能性があります。",
    ),
    "join_unanswered": (
        "The meter didn't answer the login: probably the radio link is too weak or the meter has "
        "changed its channel.",
        "メーターがログインに応答しません。電波が弱いか、メーターのチャンネルが変わった"
        "可能性があります。",
    ),
    "not_joined": (
        "There is no session with the meter.",
        "メーターとのセッションがありません。",
    ),
    "session_terminated": (
        "The meter ended the session; logging in again.",
        "メーターがセッションを終了しました。再ログインします。",
    ),
    "session_meter_lost": (
        "The stick has lost the meter's network; logging in again.",
        "スティックがメーターのネットワークを見失いました。再ログインします。",
    ),
    "session_stick_restarted": (
        "The stick has restarted by itself; logging in again.",
        "スティックが再起動しました。再ログインします。",
    ),
    "session_undecipherable": (
        "The meter's answers can't be decrypted any more; logging in again.",
        "メーターの応答を復号できなくなりました。再ログインします。",
    ),
    "session_closed": (
        "The session with the meter was closed; logging in again.",
        "メーターとのセッションが閉じられました。再ログインします。",
    ),
    "session_renewal_failed": (
        "The session with the meter couldn't be renewed; logging in again.",
        "メーターとのセッションを更新できませんでした。再ログインします。",
    ),
    "session_renewal_overdue": (
        "The renewal of the session with the meter took too long; logging in again.",
        "メーターとのセッションの更新が時間内に終わりませんでした。再ログインします。",
    ),
    "session_unsendable": (
        "The stick no longer sends to the meter; logging in again.",
        "スティックがメーターへ送信できなくなりました。再ログインします。",
    ),
    "transmit_failed": (
        "The radio couldn't deliver a request to the meter; asking again.",
        "メーターへの要求を無線で送れませんでした。再送します。",
    ),
}
