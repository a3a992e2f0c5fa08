"""Sentences about the options file and its values. Key: (English, Japanese)."""

SENTENCES = {
    "options_unreadable": (
        "The options file {path} can't be read ({reason}); --options names another.",
        "設定ファイル {path} を読み込めません（{reason}）。"
        "--options で別のファイルを指定できます。",
    ),
    "options_not_json": (
        "The options file {path} is not JSON (line {line}); save the options again.",
        "設定ファイル {path} が JSON 形式ではありません（{line} 行目）。"
        "設定を保存し直してください。",
    ),
    "option_unknown": (
        "The option {option} is unknown; remove it.",
        "設定項目 {option} は存在しません。削除してください。",
    ),
    "option_wrong": (
        "The option {option} must be {expected}; correct it in the options panel.",
        "設定項目 {option} は{expected_ja}でなければなりません。設定画面で修正してください。",
    ),
    "option_characters": (
        "The option {option} has characters that can't be used; type it again in the options "
        "panel.",
        "設定項目 {option} に使用できない文字が含まれています。設定画面で入力し直してください。",
    ),
    "option_missing_credentials": (
        "The option {option} is empty: type the Route-B ID and password that the electricity "
        "network operator has sent.",
        "設定項目 {option} が空です。送配電事業者から届いた B ルート認証 ID とパスワードを"
        "入力してください。",
    ),
    "route_b_id_length": (
        "The option route_b_id has {count} characters instead of 32; copy the Route-B ID again.",
        "設定項目 route_b_id は 32 文字ですが、{count} 文字になっています。"
        "B ルート認証 ID を入力し直してください。",
    ),
    "route_b_id_characters": (
        "The option route_b_id may hold only the digits 0-9 and letters A-F; copy the Route-B ID "
        "again.",
        "設定項目 route_b_id に使えるのは 0～9 と A～F だけです。"
        "B ルート認証 ID を入力し直してください。",
    ),
    "route_b_password_length": (
        "The option route_b_password has {count} characters instead of 12; copy the password "
        "again.",
        "設定項目 route_b_password は 12 文字ですが、{count} 文字になっています。"
        "パスワードを入力し直してください。",
    ),
    "route_b_password_characters": (
        "The option route_b_password may hold only digits and letters; copy the password again.",
        "設定項目 route_b_password に使えるのは英数字だけです。パスワードを入力し直してください。",
    ),
    "mqtt_ca_name": (
        "The option mqtt_ca must be the name of a file in the ssl folder, without a path.",
        "設定項目 mqtt_ca には ssl フォルダー内のファイル名だけを入力してください。",
    ),
}
