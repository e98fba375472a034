{{- define "codex.ethProvider" -}}
{{ .Values.persistence.ethProvider | default (printf "http://%s-chain.%s.svc:%d" .Release.Name .Release.Namespace (int .Values.chain.port)) }}
{{- end }}

{{/* What a node takes from its environment, as a list under the key `env`. */}}
{{- define "codex.env" -}}
{{- $env := list -}}
{{- with .Values.persistence -}}
{{- if .enabled -}}
{{- if not (or .ethProvider $.Values.chain.enabled) -}}
{{- fail "persistence.enabled needs a chain: give persistence.ethProvider, or set chain.enabled" -}}
{{- end -}}
{{- if not .ethAccount -}}
{{- fail "persistence.enabled needs persistence.ethAccount: the account that storage requests are paid from" -}}
{{- end -}}
{{- if not .marketplaceAddress -}}
{{- fail "persistence.enabled needs persistence.marketplaceAddress: the address of the marketplace contract" -}}
{{- end -}}
{{- $env = append $env (dict "name" "CODEX_ETH_PROVIDER" "value" (include "codex.ethProvider" $)) -}}
{{- $env = append $env (dict "name" "CODEX_ETH_ACCOUNT" "value" .ethAccount) -}}
{{- $env = append $env (dict "name" "CODEX_MARKETPLACE_ADDRESS" "value" .marketplaceAddress) -}}
{{- end -}}
{{- end -}}
{{- dict "env" $env | toJson -}}
{{- end }}

{{- define "codex.chainSelectorLabels" -}}
app.kubernetes.io/name: codex-chain
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
