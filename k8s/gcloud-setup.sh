#!/usr/bin/env bash
# Makes in Google Cloud what the worker needs: APIs, topics, subscriptions, accounts and roles. Safe to repeat.
#
#   PROJECT=my-project-123 k8s/gcloud-setup.sh                    everything but what belongs to one organization
#   PROJECT=… k8s/gcloud-setup.sh organization SOURCE_PROJECT.DATASET DESTINATION_PROJECT.DATASET
#   PROJECT=… k8s/gcloud-setup.sh push https://billing-etl.example.com/push
#
# DRY_RUN=1 only prints the commands. Why each role is needed: docs/deployment.md.
set -euo pipefail

PROJECT=${PROJECT:?set PROJECT to the id of the project of topics and worker}
TOPIC=${TOPIC:-pulse-billing-etl}
SUBSCRIPTION=${SUBSCRIPTION:-pulse-billing-etl}
DEAD_LETTER_TOPIC=${DEAD_LETTER_TOPIC:-pulse-billing-etl-dead}
DEAD_LETTER_SUBSCRIPTION=${DEAD_LETTER_SUBSCRIPTION:-pulse-billing-etl-dead}
ACCOUNT_NAME=${ACCOUNT_NAME:-pulse-billing-etl}
# Namespace and ServiceAccount of the manifests.
KUBERNETES_ACCOUNT=${KUBERNETES_ACCOUNT:-pulse-billing-etl/pulse-billing-etl}

WORKER=$ACCOUNT_NAME@$PROJECT.iam.gserviceaccount.com
PUSHER=$ACCOUNT_NAME-push@$PROJECT.iam.gserviceaccount.com

# As src/pubsub/subscription-settings.ts; a test compares them.
KEPT=(--ack-deadline=60 --message-retention-duration=604800s --expiration-period=never)
RETRIED=(--min-retry-delay=10s --max-retry-delay=600s)
GIVEN_UP=(--dead-letter-topic="$DEAD_LETTER_TOPIC" --max-delivery-attempts=100)

run() {
  printf '+ %s\n' "$*"
  [[ -n ${DRY_RUN:-} ]] || "$@" >/dev/null
}

# exists KIND… NAME: a dry run asks nobody and finds nothing.
exists() {
  [[ -z ${DRY_RUN:-} ]] && gcloud "$1" "$2" describe "$3" --project="$PROJECT" >/dev/null 2>&1
}

topic() {
  exists pubsub topics "$1" || run gcloud pubsub topics create "$1" --project="$PROJECT"
}

# subscription NAME TOPIC SETTING…
subscription() {
  local name=$1 topic=$2
  shift 2
  if exists pubsub subscriptions "$name"; then
    run gcloud pubsub subscriptions update "$name" --project="$PROJECT" "$@"
  else
    run gcloud pubsub subscriptions create "$name" --project="$PROJECT" --topic="$topic" "$@"
  fi
}

account() {
  local name=${1%%@*}
  exists iam service-accounts "$1" ||
    run gcloud iam service-accounts create "$name" --project="$PROJECT" --display-name="$2"
}

# grant KIND… NAME MEMBER ROLE
grant() {
  run gcloud "$1" "$2" add-iam-policy-binding "$3" --project="$PROJECT" --member="$4" --role="$5"
}

# grant_project PROJECT MEMBER ROLE
grant_project() {
  run gcloud projects add-iam-policy-binding "$1" --member="$2" --role="$3" --condition=None
}

# grant_dataset PROJECT.DATASET ROLE
grant_dataset() {
  run bq query --project_id="${1%%.*}" --use_legacy_sql=false \
    "GRANT \`$2\` ON SCHEMA \`${1%%.*}\`.\`${1#*.}\` TO 'serviceAccount:$WORKER'"
}

pubsub_agent() {
  local number='PROJECT_NUMBER'
  [[ -n ${DRY_RUN:-} ]] || number=$(gcloud projects describe "$PROJECT" --format='value(projectNumber)')
  printf 'serviceAccount:service-%s@gcp-sa-pubsub.iam.gserviceaccount.com' "$number"
}

base() {
  local agent name
  run gcloud services enable --project="$PROJECT" pubsub.googleapis.com bigquery.googleapis.com \
    bigquerystorage.googleapis.com iamcredentials.googleapis.com
  topic "$DEAD_LETTER_TOPIC"
  topic "$TOPIC"
  subscription "$DEAD_LETTER_SUBSCRIPTION" "$DEAD_LETTER_TOPIC" "${KEPT[@]}"
  subscription "$SUBSCRIPTION" "$TOPIC" "${KEPT[@]}" "${RETRIED[@]}" "${GIVEN_UP[@]}"

  agent=$(pubsub_agent)
  grant pubsub topics "$DEAD_LETTER_TOPIC" "$agent" roles/pubsub.publisher
  grant pubsub subscriptions "$SUBSCRIPTION" "$agent" roles/pubsub.subscriber

  account "$WORKER" 'pulse-billing-etl worker'
  for name in "$TOPIC" "$DEAD_LETTER_TOPIC"; do
    grant pubsub topics "$name" "serviceAccount:$WORKER" roles/pubsub.publisher
  done
  for name in "$SUBSCRIPTION" "$DEAD_LETTER_SUBSCRIPTION"; do
    grant pubsub subscriptions "$name" "serviceAccount:$WORKER" roles/pubsub.subscriber
    grant pubsub subscriptions "$name" "serviceAccount:$WORKER" roles/pubsub.viewer
  done
  grant iam service-accounts "$WORKER" "serviceAccount:$PROJECT.svc.id.goog[$KUBERNETES_ACCOUNT]" \
    roles/iam.workloadIdentityUser
}

# organization SOURCE_PROJECT.DATASET DESTINATION_PROJECT.DATASET: both datasets exist already.
organization() {
  local source=$1 destination=$2
  grant_dataset "$source" roles/bigquery.dataViewer
  grant_project "${source%%.*}" "serviceAccount:$WORKER" roles/bigquery.jobUser
  grant_project "${source%%.*}" "serviceAccount:$WORKER" roles/bigquery.readSessionUser
  grant_dataset "$destination" roles/bigquery.dataEditor
  grant_project "${destination%%.*}" "serviceAccount:$WORKER" roles/bigquery.jobUser
}

# push ENDPOINT: the subscription delivers there instead of waiting to be pulled.
push() {
  account "$PUSHER" 'pulse-billing-etl push'
  grant iam service-accounts "$PUSHER" "$(pubsub_agent)" roles/iam.serviceAccountTokenCreator
  # A push is answered when its job has ended: the longest deadline there is.
  run gcloud pubsub subscriptions update "$SUBSCRIPTION" --project="$PROJECT" --ack-deadline=600 \
    --push-endpoint="$1" --push-auth-service-account="$PUSHER" --push-auth-token-audience="$1"
}

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

if [[ ${1:-base} == base && $# -le 1 ]]; then
  base
elif [[ $1 == organization && $# == 3 && $2 == *?.?* && $3 == *?.?* ]]; then
  organization "$2" "$3"
elif [[ $1 == push && $# == 2 && $2 == https://* ]]; then
  push "$2"
else
  usage
fi
