//! The catalogue of models: everybody can search it, members can add models, and change and delete their own.
//!
//! A search returns the models that match, then a divider and all other models, each in the order of titles, in batches of five. Its cost
//! depends neither on the search nor on the number of models: see `search`.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/models` | one or two queries, and a batch read of the creators; by a part of a creator's name one or two queries and a batch more for the first batch, and a query for each of up to 22 people |
//! | `POST /v1/models` | the caller; a counter; a transaction. With captchas also a request to their service |
//! | `GET /v1/models/{model}` | a read, and one of its creator |
//! | `PATCH /v1/models/{model}` | the caller and the model in one; a counter; a transaction |
//! | `DELETE /v1/models/{model}` | the caller and the model in one; a transaction |
//!
//! A title with more searchable parts than fit into one transaction takes a few more transactions.

mod change;
mod list;
mod show;

use std::sync::Arc;

use accounts::token::Tokens;
use axum::extract::FromRef;
use countries::Country;
use function::{Boot, Function, StartError};
use kernel::{FieldError, Origins, Sys, env::Reader};
use proofs::{captcha::Captcha, gate::Gate};
use store::{Sealer, Table};

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    countries: Countries,
    /// The service of captchas. `None` if captchas are off.
    captcha: Option<Captcha>,
    /// What takes their place while the service does not answer.
    work: Gate,
}

/// The countries that a model can have. The first one is the default.
#[derive(Clone)]
struct Countries(Arc<[Country]>);

impl Countries {
    /// Reads `MODEL_COUNTRIES`.
    fn read(r: &mut Reader<'_>) -> Self {
        let countries = Country::listed(r, "MODEL_COUNTRIES");
        if countries.is_empty() {
            r.wrong("MODEL_COUNTRIES names no country".to_owned());
        }
        Self(countries.into())
    }

    /// Parses the code of one of them.
    fn parse(&self, typed: &str) -> Result<Country, FieldError> {
        let country = Country::parse(typed)?;
        if self.0.contains(&country) { Ok(country) } else { Err(FieldError::CHOICE) }
    }
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "models", "The catalogue of models.", State =>
    list::list_models,
    change::create_model,
    show::get_model,
    change::update_model,
    change::delete_model,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("models").await?;
    let state = boot.env.read(|r| {
        let origins = Origins::read(r);
        State {
            table: tokens.table().clone(),
            tokens: tokens.clone(),
            work: Gate::of(&sealer),
            sealer,
            countries: Countries::read(r),
            captcha: Captcha::read(r, &origins),
            sys: sys.clone(),
        }
    })?;
    web::function(&boot, routes(), state)
}
