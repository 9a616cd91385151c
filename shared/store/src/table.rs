//! The table. Generic methods serialise; the plain methods below them call DynamoDB.
//!
//! The plain methods return boxed futures: the body of an `async fn` is compiled into every crate that awaits it, and the code of
//! the SDK is large. Boxed, it is compiled once, here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError,
    },
    types::{AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use function::{
    Aws,
    metrics::{self, Metric},
};
use futures_util::future::{BoxFuture, FutureExt as _};
use kernel::{Sys, env::Reader};

use crate::{
    CommitError, Cond, Conditional as _, Item, Key, Page, Range, Row, StoreError, Stored, Tx, Update, Window, WriteError,
    condition::Names,
    item::encode,
    operation::observed,
    page::Sort,
    tx::{Outcome, Refused, Write, to_sdk},
};

type Attributes = HashMap<String, AttributeValue>;
/// The future of a request to DynamoDB.
type StoreFuture<'a, T, E = StoreError> = BoxFuture<'a, Result<T, E>>;

/// The maximum number of keys in a `BatchGetItem` (DynamoDB).
const BATCH_GET_MAX: usize = 100;
/// The maximum number of items in a `BatchWriteItem` (DynamoDB).
const BATCH_WRITE_MAX: usize = 25;
/// The maximum number of retries of a transaction after collisions with others.
const CONFLICT_RETRIES: u32 = 6;

/// A DynamoDB table. Clones share the client.
#[derive(Clone)]
pub struct Table {
    client: Client,
    name: Arc<str>,
    sys: Sys,
}

impl Table {
    /// Returns the table of this name.
    #[must_use]
    pub fn new(aws: &Aws, sys: &Sys, name: &str) -> Self {
        let mut config =
            aws_sdk_dynamodb::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("dynamodb"));
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_DYNAMODB"));
        Self { client: Client::from_conf(config.build()), name: name.into(), sys: sys.clone() }
    }

    /// Returns the table in the variable `TABLE_NAME`.
    #[must_use]
    pub fn read(r: &mut Reader<'_>, aws: &Aws, sys: &Sys) -> Self {
        Self::new(aws, sys, &r.need("TABLE_NAME"))
    }

    /// Returns the clock and the id source that the table was made with.
    #[must_use]
    pub const fn sys(&self) -> &Sys {
        &self.sys
    }

    /// Returns the name of the table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reports values of metrics, such as `[(MISUSE, 1)]`.
    pub fn report(&self, values: &[(Metric, u64)]) {
        metrics::report(self.sys.now(), self.name(), values);
    }

    /// Opens the connection during initialisation, when Lambda gives a full processor, so that the first request does not wait for it.
    ///
    /// Reads a key that is never written. A failure is only logged, because the first real request reports it.
    pub async fn warm_up(&self) {
        if let Err(e) = self.answers().await {
            tracing::warn!(error = %e, "the connection to the table could not be opened during initialisation");
        }
    }

    /// Checks that the table answers, with one read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.get_row(Key::new("WARM_UP", "WARM_UP"), false).await.map(drop)
    }

    /// Returns the item at `key`. Strongly consistent.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get<I: Stored>(&self, key: Key) -> Result<Option<I>, StoreError> {
        self.get_row(key, true).await?.map(Row::decode).transpose()
    }

    /// Returns the items at up to 100 keys. Strongly consistent, one request.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn get_many(&self, keys: Vec<Key>) -> StoreFuture<'_, Batch> {
        self.batch(keys, true)
    }

    /// Like [`Table::get_many`], but eventually consistent: half the price, but recent writes may be missing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn get_many_eventually(&self, keys: Vec<Key>) -> StoreFuture<'_, Batch> {
        self.batch(keys, false)
    }

    fn batch(&self, keys: Vec<Key>, consistent: bool) -> StoreFuture<'_, Batch> {
        let families = keys.iter().map(|key| key.family().to_owned()).collect();
        let work = async move {
            let mut found = HashMap::new();
            for chunk in keys.chunks(BATCH_GET_MAX) {
                let mut pending: Vec<Attributes> = chunk.iter().map(Key::attributes).collect();
                let mut attempt = 0;
                while !pending.is_empty() {
                    self.pause(attempt).await;
                    let request = KeysAndAttributes::builder().set_keys(Some(pending)).consistent_read(consistent);
                    let request = request.build().map_err(StoreError::defect)?;
                    let answer = self.client.batch_get_item().request_items(&*self.name, request).send().await;
                    let answer = answer.map_err(|e| StoreError::from_sdk(&e))?;
                    let rows = answer.responses.unwrap_or_default().remove(&*self.name).unwrap_or_default();
                    found.extend(rows.into_iter().filter_map(|row| Some((Key::of(&row)?, Row(row)))));
                    pending = answer.unprocessed_keys.unwrap_or_default().remove(&*self.name).map(|k| k.keys).unwrap_or_default();
                    attempt = if pending.is_empty() { attempt } else { retry(attempt, StoreError::Unavailable)? };
                }
            }
            Ok(Batch(found))
        };
        observed("get_many", families, work).boxed()
    }

    /// Returns the items of a range, all of one kind.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn query<I: Stored>(&self, range: Range) -> Result<Page<I>, StoreError> {
        let Page { items, more } = self.query_rows(range).await?;
        Ok(Page { items: items.into_iter().map(Row::decode).collect::<Result<_, _>>()?, more })
    }

    /// Returns the items of a range, of any kind.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn query_rows(&self, range: Range) -> Result<Page<Row>, StoreError> {
        let mut items = Vec::new();
        let mut start = start_of(&range);
        loop {
            let left =
                range.limit.map(|l| i32::try_from(l).unwrap_or(i32::MAX).saturating_sub(i32::try_from(items.len()).unwrap_or(i32::MAX)));
            let answer = self.query_once(&range, None, left, start).await?;
            items.extend(answer.items.unwrap_or_default().into_iter().map(Row));
            start = answer.last_evaluated_key;
            let full = range.limit.is_some_and(|l| items.len() >= l as usize);
            if start.is_none() || full {
                return Ok(Page { more: start.is_some(), items });
            }
        }
    }

    /// Returns the items of a range for which a condition holds, as far as one request gets. It examines at most 1 MB and at most as many
    /// items as the limit of the range, and all examined items are billed.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn window<I: Stored>(&self, range: Range, filter: Option<Cond>) -> Result<Window<I>, StoreError> {
        let limit = range.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = self.query_once(&range, filter, limit, start_of(&range)).await?;
        let sort = range.index.map_or("sk", |(_, _, sort)| sort);
        let reached = answer.last_evaluated_key.and_then(|mut key| key.remove(sort)).and_then(|sort| sort.as_s().ok().cloned());
        let rows = answer.items.unwrap_or_default().into_iter();
        Ok(Window { items: rows.map(|row| Row(row).decode()).collect::<Result<_, _>>()?, reached })
    }

    /// Scans the next `limit` items of the base table after `after` for items of one kind, and returns where it stopped. For
    /// sweeps that must not rely on an index, and for the verification of the audit; never for a list on a request path.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn scan<'a>(&'a self, kind: &'a str, limit: u32, after: Option<&'a Key>) -> StoreFuture<'a, (Vec<Row>, Option<Key>)> {
        let families = vec![kind.to_owned()];
        let work = async move {
            let mut names = Names::default();
            let filter = format!("{} = {}", names.name("kind"), names.value(Ok(AttributeValue::S(kind.to_owned())))?);
            let (n, v) = names.into_maps();
            let answer = self
                .client
                .scan()
                .table_name(&*self.name)
                .filter_expression(filter)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after.map(Key::attributes))
                .send()
                .await
                .map_err(|e| StoreError::from_sdk(&e))?;
            let next = answer.last_evaluated_key.as_ref().and_then(Key::of);
            Ok((answer.items.unwrap_or_default().into_iter().map(Row).collect(), next))
        };
        observed("scan", families, work).boxed()
    }

    /// Puts an item that must not exist.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if it exists.
    pub async fn create<I: Item>(&self, item: &I) -> Result<(), WriteError> {
        self.put_row(encode(item)?, Some(Cond::Absent)).await
    }

    /// Puts an item if the condition holds.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if it does not hold.
    pub async fn put<I: Item>(&self, item: &I, condition: Cond) -> Result<(), WriteError> {
        self.put_row(encode(item)?, Some(condition)).await
    }

    /// Puts an item, replacing an existing one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn put_always<I: Item>(&self, item: &I) -> Result<(), StoreError> {
        // Without a condition there is no refusal.
        self.put_row(encode(item)?, None).await.refused_is_fine()
    }

    /// Updates an item, and returns its new state.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if the condition does not hold.
    pub fn update(&self, update: Update) -> StoreFuture<'_, Row, WriteError> {
        let families = vec![update.key.family().to_owned()];
        let work = async move {
            let mut names = Names::default();
            let (key, expression, condition) = update.expressions(&mut names)?;
            let (n, v) = names.into_maps();
            let request = self
                .client
                .update_item()
                .table_name(&*self.name)
                .set_key(Some(key.attributes()))
                .update_expression(expression)
                .set_condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let done = self.write(
                || request.clone().send(),
                |e| match e {
                    UpdateItemError::ConditionalCheckFailedException(e) => Some(e.item.clone()),
                    _ => None,
                },
            );
            Ok(Row(done.await?.attributes.unwrap_or_default()))
        };
        observed("update", families, work).boxed()
    }

    /// Deletes an item, if it exists.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn delete(&self, key: Key) -> Result<(), StoreError> {
        // Without a condition there is no refusal.
        self.delete_row(key, None).await.refused_is_fine()
    }

    /// Deletes an item if the condition holds.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if it does not hold.
    pub async fn delete_when(&self, key: Key, condition: Cond) -> Result<(), WriteError> {
        self.delete_row(key, Some(condition)).await
    }

    /// Deletes many items, 25 in a request. Not atomic: for clean-up that is repeated until nothing is left.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn delete_many(&self, keys: Vec<Key>) -> StoreFuture<'_, ()> {
        let families = keys.iter().map(|key| key.family().to_owned()).collect();
        let work = async move {
            use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
            for chunk in keys.chunks(BATCH_WRITE_MAX) {
                let mut pending = Vec::new();
                for key in chunk {
                    let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build().map_err(StoreError::defect)?;
                    pending.push(WriteRequest::builder().delete_request(delete).build());
                }
                let mut attempt = 0;
                while !pending.is_empty() {
                    self.pause(attempt).await;
                    let answer = self.client.batch_write_item().request_items(&*self.name, pending).send().await;
                    let answer = answer.map_err(|e| StoreError::from_sdk(&e))?;
                    pending = answer.unprocessed_items.unwrap_or_default().remove(&*self.name).unwrap_or_default();
                    attempt = if pending.is_empty() { attempt } else { retry(attempt, StoreError::Unavailable)? };
                }
            }
            Ok(())
        };
        observed("delete_many", families, work).boxed()
    }

    /// Writes everything in `tx` or nothing. Collisions with other transactions are retried. The SDK's client request token makes a retry
    /// after a lost response idempotent.
    ///
    /// # Errors
    /// [`CommitError::Refused`] if a condition does not hold.
    pub fn commit(&self, tx: Tx) -> StoreFuture<'_, (), CommitError> {
        let families = tx.writes.iter().map(Write::family).collect();
        let work = async move {
            if let Some(defect) = tx.defect {
                return Err(defect.into());
            }
            let items = tx.writes.into_iter().map(|w| to_sdk(w, &self.name)).collect::<Result<Vec<_>, _>>()?;
            let mut attempt = 0;
            loop {
                let answer = self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
                let Err(e) = answer else { return Ok(()) };
                let reasons = match e.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(c)) => c.cancellation_reasons.clone().unwrap_or_default(),
                    _ => return Err(StoreError::from_sdk(&e).into()),
                };
                let has = |code| reasons.iter().any(|r| r.code() == Some(code));
                if has("ConditionalCheckFailed") {
                    let refused = reasons.into_iter().map(|r| match r.code.as_deref() {
                        Some("ConditionalCheckFailed") => Outcome::Refused(r.item.map(Row)),
                        _ => Outcome::Fine,
                    });
                    return Err(CommitError::Refused(Refused(refused.collect())));
                }
                let again = has("TransactionConflict") || has("ThrottlingError") || has("ProvisionedThroughputExceeded");
                if !again {
                    return Err(StoreError::Defect(format!(
                        "transaction: {:?}",
                        reasons.iter().filter_map(|r| r.code()).collect::<Vec<_>>()
                    ))
                    .into());
                }
                attempt = retry(attempt, StoreError::Contended)?;
                self.pause(attempt).await;
            }
        };
        observed("commit", families, work).boxed()
    }

    fn get_row(&self, key: Key, consistent: bool) -> StoreFuture<'_, Option<Row>> {
        let families = vec![key.family().to_owned()];
        let work = async move {
            let answer =
                self.client.get_item().table_name(&*self.name).set_key(Some(key.attributes())).consistent_read(consistent).send().await;
            Ok(answer.map_err(|e| StoreError::from_sdk(&e))?.item.map(Row))
        };
        observed("get", families, work).boxed()
    }

    fn put_row(&self, row: Attributes, condition: Option<Cond>) -> StoreFuture<'_, (), WriteError> {
        let families = vec![Key::of(&row).map(|key| key.family().to_owned()).unwrap_or_default()];
        let work = async move {
            let mut names = Names::default();
            let condition = condition.map(|c| names.condition(c)).transpose()?;
            let (n, v) = names.into_maps();
            let request = self
                .client
                .put_item()
                .table_name(&*self.name)
                .set_item(Some(row))
                .set_condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let done = self.write(
                || request.clone().send(),
                |e| match e {
                    PutItemError::ConditionalCheckFailedException(e) => Some(e.item.clone()),
                    _ => None,
                },
            );
            done.await.map(drop)
        };
        observed("put", families, work).boxed()
    }

    fn delete_row(&self, key: Key, condition: Option<Cond>) -> StoreFuture<'_, (), WriteError> {
        let families = vec![key.family().to_owned()];
        let work = async move {
            let mut names = Names::default();
            let condition = condition.map(|c| names.condition(c)).transpose()?;
            let (n, v) = names.into_maps();
            let request = self
                .client
                .delete_item()
                .table_name(&*self.name)
                .set_key(Some(key.attributes()))
                .set_condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let done = self.write(
                || request.clone().send(),
                |e| match e {
                    DeleteItemError::ConditionalCheckFailedException(e) => Some(e.item.clone()),
                    _ => None,
                },
            );
            done.await.map(drop)
        };
        observed("delete", families, work).boxed()
    }

    /// Performs a single write. DynamoDB rejects it while a transaction is running on the item. The SDK does not retry that, so it is
    /// retried here.
    async fn write<O, E, F>(&self, send: impl Fn() -> F, refused: impl Fn(&E) -> Option<Option<Attributes>>) -> Result<O, WriteError>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    {
        let mut attempt = 0;
        loop {
            let error = match send().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if let Some(current) = error.as_service_error().and_then(&refused) {
                return Err(WriteError::Refused(current.map(Row)));
            }
            if error.code() != Some("TransactionConflictException") {
                return Err(StoreError::from_sdk(&error).into());
            }
            attempt = retry(attempt, StoreError::Contended)?;
            self.pause(attempt).await;
        }
    }

    fn query_once<'a>(
        &'a self,
        range: &'a Range,
        filter: Option<Cond>,
        limit: Option<i32>,
        start: Option<Attributes>,
    ) -> StoreFuture<'a, aws_sdk_dynamodb::operation::query::QueryOutput> {
        let families = vec![range.family().to_owned()];
        let work = async move {
            let (index, pk, sk) = range.index.map_or((None, "pk", "sk"), |(index, pk, sk)| (Some(index.to_owned()), pk, sk));
            let mut names = Names::default();
            let text = |s: &str| Ok(AttributeValue::S(s.to_owned()));
            let mut condition = format!("{} = {}", names.name(pk), names.value(text(&range.pk))?);
            match &range.sort {
                Sort::All => {}
                Sort::Prefix(p) => {
                    let (n, v) = (names.name(sk), names.value(text(p))?);
                    condition = format!("{condition} AND begins_with({n}, {v})");
                }
                Sort::Between(low, high) => {
                    let (n, l, h) = (names.name(sk), names.value(text(low))?, names.value(text(high))?);
                    condition = format!("{condition} AND {n} BETWEEN {l} AND {h}");
                }
                Sort::Beyond(low) => {
                    let (n, v) = (names.name(sk), names.value(text(low))?);
                    condition = format!("{condition} AND {n} > {v}");
                }
            }
            let filter = filter.map(|filter| names.condition(filter)).transpose()?;
            let (n, v) = names.into_maps();
            let query = self.client.query().table_name(&*self.name).set_index_name(index).key_condition_expression(condition);
            query
                .set_filter_expression(filter)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .scan_index_forward(range.forward)
                .consistent_read(range.consistent)
                .set_limit(limit)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk(&e))
        };
        observed("query", families, work).boxed()
    }

    /// Waits before an attempt: a random time up to 25 ms · 2^attempt (full jitter), and none before the first attempt.
    async fn pause(&self, attempt: u32) {
        if attempt > 0 {
            let most = 25_u32.saturating_mul(2_u32.saturating_pow(attempt)).min(1000);
            tokio::time::sleep(Duration::from_millis(self.sys.below(most).into())).await;
        }
    }
}

/// Returns the number of the next attempt, or this error after too many.
fn retry(attempt: u32, over: fn(String) -> StoreError) -> Result<u32, StoreError> {
    let next = attempt.saturating_add(1);
    if next > CONFLICT_RETRIES { Err(over("too many collisions".to_owned())) } else { Ok(next) }
}

/// Returns the start key of a range that continues after an item.
fn start_of(range: &Range) -> Option<Attributes> {
    range.after.as_ref().map(|(key, place)| start_key(key, range.index.zip(place.clone())))
}

fn start_key(key: &Key, place: Option<((&str, &str, &str), Key)>) -> Attributes {
    let mut start = key.attributes();
    if let Some(((_, pk_name, sk_name), Key { pk, sk })) = place {
        start.extend([(pk_name.to_owned(), AttributeValue::S(pk)), (sk_name.to_owned(), AttributeValue::S(sk))]);
    }
    start
}

/// The result of [`Table::get_many`].
#[derive(Debug, Default)]
pub struct Batch(HashMap<Key, Row>);

impl Batch {
    /// Returns the item at `key`, if it was found.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn take<I: Stored>(&mut self, key: &Key) -> Result<Option<I>, StoreError> {
        self.0.remove(key).map(Row::decode).transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use aws_smithy_runtime_api::{
        client::{
            http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
            orchestrator::{HttpRequest, HttpResponse},
        },
        http::StatusCode,
    };
    use aws_smithy_types::body::SdkBody;
    use function::Boot;

    use super::*;

    /// Answers each request with the next of these responses, and counts the requests.
    #[derive(Debug, Clone)]
    struct Scripted(Arc<(Mutex<Vec<&'static str>>, AtomicU32)>);

    impl HttpConnector for Scripted {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.0.1.fetch_add(1, Ordering::Relaxed);
            let answer = self.0.0.lock().unwrap().pop().unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(answer))))
        }
    }

    /// Returns the table `t`, where DynamoDB gives the first response six times and then the second.
    fn table(six: &'static str, seventh: &'static str) -> (Table, Scripted) {
        let script = Scripted(Arc::new((Mutex::new([&[seventh][..], &[six; 6]].concat()), AtomicU32::new(0))));
        let connector = SharedHttpConnector::new(script.clone());
        let env = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name.to_owned(), "eu-central-1".to_owned()));
        let boot = Boot { env: env.into_iter().collect(), sys: Sys::real(), http: http_client_fn(move |_, _| connector.clone()) };
        (Table::new(&boot.aws().unwrap(), &boot.sys, "t"), script)
    }

    #[tokio::test]
    async fn the_result_of_the_last_attempt_counts() {
        let key = || Key::new("A", "B");
        let (t, requests) = table(
            r#"{"UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "A"}, "sk": {"S": "B"}}]}}}"#,
            r#"{"Responses": {"t": [{"pk": {"S": "A"}, "sk": {"S": "B"}}]}}"#,
        );
        assert_eq!(t.get_many(vec![key()]).await.unwrap().0.len(), 1);
        assert_eq!(requests.0.1.load(Ordering::Relaxed), 7);
        let (t, requests) =
            table(r#"{"UnprocessedItems": {"t": [{"DeleteRequest": {"Key": {"pk": {"S": "A"}, "sk": {"S": "B"}}}}]}}"#, "{}");
        t.delete_many(vec![key()]).await.unwrap();
        assert_eq!(requests.0.1.load(Ordering::Relaxed), 7);
    }

    #[tokio::test]
    async fn a_query_goes_on_after_empty_pages() {
        let empty = r#"{"Items": [], "Count": 0, "LastEvaluatedKey": {"pk": {"S": "A"}, "sk": {"S": "B"}}}"#;
        let last = r#"{"Items": [{"pk": {"S": "A"}, "sk": {"S": "C"}}], "Count": 1}"#;
        for limit in [None, Some(5)] {
            let (t, requests) = table(empty, last);
            let range = Range::of("A");
            let page = t.query_rows(limit.map_or(range.clone(), |items| range.limit(items))).await.unwrap();
            assert_eq!((page.items.len(), page.more, requests.0.1.load(Ordering::Relaxed)), (1, false, 7), "{limit:?}");
        }
    }
}
